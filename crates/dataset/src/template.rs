//! File name patterns with placeholders.

use std::collections::BTreeMap;

const NAMES: [&str; 5] = ["subject", "session", "task", "run", "recording"];

/// A parsed pattern such as `Subject{subject}_{recording}.edf`.
pub(crate) struct Template {
    parts: Vec<Part>,
}

enum Part {
    Text(String),
    /// Captures under its name; `_` captures nothing.
    Hole(String),
}

/// The values of a path's placeholders, by name.
pub(crate) type Values = BTreeMap<String, String>;

/// How a path fits a pattern.
pub(crate) enum Fit {
    /// Not at all.
    No,
    /// In one way.
    One(Values),
    /// In several ways, of which these are two.
    Many(Values, Values),
}

impl Template {
    /// Parses a pattern; the error completes "the pattern …: …".
    pub(crate) fn parse(pattern: &str) -> Result<Self, String> {
        if pattern.is_empty() {
            return Err("a layout by pattern needs one".to_owned());
        }
        if pattern.starts_with('/') || pattern.split('/').any(|p| p.is_empty() || p == "." || p == "..") {
            return Err("the pattern is a path below the root, with `/` between folders".to_owned());
        }
        let mut parts = Vec::new();
        let mut rest = pattern;
        while let Some((text, after)) = rest.split_once('{') {
            let (name, tail) = after.split_once('}').ok_or("a `{` is not closed by a `}`")?;
            if name != "_" && !NAMES.contains(&name) {
                return Err(format!(
                    "{{{name}}} is no placeholder; there are {{subject}}, {{session}}, {{task}}, {{run}}, {{recording}} and {{_}}"
                ));
            }
            if text.is_empty() && matches!(parts.last(), Some(Part::Hole(_))) {
                return Err(format!("nothing separates {{{name}}} from the placeholder before it"));
            }
            if !text.is_empty() {
                parts.push(Part::Text(text.to_owned()));
            }
            parts.push(Part::Hole(name.to_owned()));
            rest = tail;
        }
        if rest.contains('}') || parts.iter().any(|p| matches!(p, Part::Text(t) if t.contains('}'))) {
            return Err("a `}` has no `{` before it".to_owned());
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        let template = Self { parts };
        if !template.has("subject") {
            return Err("{subject} is missing: it stands where the name of the person is".to_owned());
        }
        Ok(template)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.parts.iter().any(|p| matches!(p, Part::Hole(n) if n == name))
    }

    /// Fits a path with `/` between folders.
    pub(crate) fn fit(&self, path: &str) -> Fit {
        let mut fits = Vec::new();
        fit(&self.parts, path, &Values::new(), &mut fits);
        let mut fits = fits.into_iter();
        match (fits.next(), fits.next()) {
            (None, _) => Fit::No,
            (Some(one), None) => Fit::One(one),
            (Some(one), Some(two)) => Fit::Many(one, two),
        }
    }
}

/// Collects the first two different readings of `path`.
fn fit(parts: &[Part], path: &str, values: &Values, fits: &mut Vec<Values>) {
    match parts.split_first() {
        None if path.is_empty() && !fits.contains(values) => fits.push(values.clone()),
        None => {}
        Some((Part::Text(text), rest)) => {
            if let Some(path) = path.strip_prefix(text.as_str()) {
                fit(rest, path, values, fits);
            }
        }
        Some((Part::Hole(name), rest)) => {
            if let Some(known) = values.get(name) {
                if let Some(path) = path.strip_prefix(known.as_str()) {
                    fit(rest, path, values, fits);
                }
                return;
            }
            let ends = path.char_indices().map(|(at, c)| at + c.len_utf8());
            let folder = path.find('/').unwrap_or(path.len());
            for end in ends.take_while(|end| *end <= folder) {
                if fits.len() > 1 {
                    return;
                }
                let mut values = values.clone();
                if name != "_" {
                    values.insert(name.clone(), path[..end].to_owned());
                }
                fit(rest, &path[end..], &values, fits);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(pattern: &str, path: &str) -> Option<Values> {
        match Template::parse(pattern).unwrap().fit(path) {
            Fit::One(values) => Some(values),
            _ => None,
        }
    }

    #[test]
    fn placeholders_take_what_stands_in_their_place() {
        let values = one("Subject{subject}_{recording}.edf", "Subject07_2.edf").unwrap();
        assert_eq!(values["subject"], "07");
        assert_eq!(values["recording"], "2");
        assert!(one("Subject{subject}_{recording}.edf", "Subject07_2.edf.part").is_none());
        assert!(one("Subject{subject}_{recording}.edf", "Subject_2.edf").is_none());
    }

    #[test]
    fn a_placeholder_that_appears_twice_takes_one_text() {
        let pattern = "{subject}/{subject}R{recording}.edf";
        assert_eq!(one(pattern, "S001/S001R03.edf").unwrap()["recording"], "03");
        assert!(one(pattern, "S001/S002R03.edf").is_none());
    }

    #[test]
    fn a_placeholder_never_spans_folders() {
        assert!(one("{subject}.edf", "a/b.edf").is_none());
        assert_eq!(one("{_}/{subject}.edf", "a/b.edf").unwrap()["subject"], "b");
    }

    #[test]
    fn two_readings_are_told_from_one() {
        let template = Template::parse("{subject}_{recording}.edf").unwrap();
        assert!(matches!(template.fit("a_b_c.edf"), Fit::Many(..)));
        let template = Template::parse("{subject}-{_}.edf").unwrap();
        assert!(matches!(template.fit("a-bb.edf"), Fit::One(_)));
    }

    #[test]
    fn bad_patterns_are_refused_with_the_reason() {
        for (pattern, reason) in [
            ("", "needs one"),
            ("{recording}.edf", "{subject} is missing"),
            ("{subjects}.edf", "no placeholder"),
            ("{subject.edf", "not closed"),
            ("subject}.edf", "no `{`"),
            ("{subject}{run}.edf", "nothing separates"),
            ("/data/{subject}.edf", "below the root"),
            ("../{subject}.edf", "below the root"),
        ] {
            let message = Template::parse(pattern).err().unwrap();
            assert!(message.contains(reason), "{pattern}: {message}");
        }
    }

    proptest! {
        #[test]
        fn what_a_pattern_writes_it_reads_back(subject in "[A-Za-z0-9]{1,8}", session in "[a-z0-9]{1,3}", run in "[0-9]{1,3}") {
            let values = one("{subject}/s{session}/{subject}_r{run}.edf", &format!("{subject}/s{session}/{subject}_r{run}.edf")).unwrap();
            prop_assert_eq!(&values["subject"], &subject);
            prop_assert_eq!(&values["session"], &session);
            prop_assert_eq!(&values["run"], &run);
        }

        #[test]
        fn no_pattern_and_no_path_panics(pattern in "\\PC{0,24}", path in "\\PC{0,24}") {
            if let Ok(template) = Template::parse(&pattern) {
                let _ = template.fit(&path);
            }
        }
    }
}
