//! What a parser of TOML says, in words for people.

/// What a list looks like.
const LIST: &str = "a list, as [1, 2] or [\"a\", \"b\"]";

/// How alike two names must be, 0 to 1, for one to be taken for the other misspelt.
const ALIKE: f64 = 0.7;

/// Rewrites a message of the parser; one that it does not know stays as it is.
pub(crate) fn plain(message: &str) -> String {
    let message = message.trim();
    if let Some((name, known)) = after(message, "unknown field ") {
        return none_of(&format!("there is no key {name}"), &name, &known, "the keys here are");
    }
    if let Some((name, known)) = after(message, "unknown variant ") {
        return none_of(&format!("there is no choice {name}"), &name, &known, "choose from");
    }
    if let Some(rest) = message.strip_prefix("missing field ") {
        return format!("the key {} is missing", quoted(rest).first().map_or(rest, String::as_str));
    }
    let wrong = ["invalid type: ", "invalid value: "].iter().find_map(|start| message.strip_prefix(start));
    if let Some((found, wanted)) = wrong.and_then(|rest| rest.split_once(", expected ")) {
        return format!("{} stands here; it must be {}", thing(found), wish(wanted));
    }
    if let Some((length, wanted)) =
        message.strip_prefix("invalid length ").and_then(|rest| rest.split_once(", expected "))
    {
        return format!("there are {length} values; it must be {}", wish(wanted));
    }
    if let Some(wanted) = message.strip_prefix("wanted ") {
        let wanted: Vec<String> = wanted.split(" or ").map(wish).collect();
        return format!("another kind of value stands here; it must be {}", wanted.join(" or "));
    }
    if message.starts_with("data did not match any variant") {
        return "the value is none that this key may have: `twinprint check` of a pipeline that runs prints every key with its value".to_owned();
    }
    message.to_owned()
}

/// The name that a message begins with behind `start`, and those that it lists as known.
fn after(message: &str, start: &str) -> Option<(String, Vec<String>)> {
    let mut names = quoted(message.strip_prefix(start)?).into_iter();
    Some((names.next()?, names.collect()))
}

/// Everything between back-ticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn none_of(what: &str, name: &str, known: &[String], list: &str) -> String {
    let alike = |known: &&String| strsim::jaro_winkler(&name.to_lowercase(), &known.to_lowercase());
    let nearest =
        known.iter().max_by(|a, b| alike(a).total_cmp(&alike(b))).filter(|known| alike(known) >= ALIKE);
    let meant = nearest.map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default();
    if known.is_empty() { what.to_owned() } else { format!("{what}{meant} ({list} {})", known.join(", ")) }
}

/// What stands there, as the parser names it.
fn thing(found: &str) -> String {
    let (kind, value) =
        found.split_once(' ').map_or((found, ""), |(kind, value)| (kind, value.trim_matches('`')));
    match kind {
        "string" => format!("the text {value}"),
        "integer" | "boolean" => value.to_owned(),
        "floating" => value.trim_start_matches("point `").to_owned(),
        "sequence" => "a list".to_owned(),
        "map" => "a table of keys".to_owned(),
        _ => found.to_owned(),
    }
}

/// What the key takes, as the parser names it.
fn wish(wanted: &str) -> String {
    let wanted = wanted.trim();
    let known = match wanted {
        "f64" | "f32" => "a number",
        "usize" | "u64" | "u32" | "u16" | "u8" => "a whole number, 0 or more",
        "i64" | "i32" | "isize" => "a whole number",
        "a boolean" => "true or false",
        "a string" | "string" => "a text in quotes",
        "a map" | "table" => "a table of keys, as { key = 1 }",
        "a sequence" => LIST,
        _ if wanted.starts_with("struct ") || wanted.contains("tagged enum") => {
            "a table of keys, as { key = 1 }"
        }
        _ if wanted.starts_with("enum ") => "one of its choices, in quotes",
        _ if wanted.starts_with("a sequence") => LIST,
        _ => wanted,
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::plain;
    use crate::config::Config;

    /// Words that mean something to programmers alone.
    const FOREIGN: [&str; 13] = [
        "wanted",
        "f64",
        "usize",
        "u64",
        "invalid type",
        "expected",
        "struct",
        "unknown variant",
        "enum",
        "untagged",
        "sequence",
        "serde",
        "unknown field",
    ];

    #[test]
    fn no_word_of_the_parser_reaches_a_person() {
        for (text, says) in [
            ("[protocol]\nfold = 2\n", "did you mean folds?"),
            ("[protocol]\nfolds = 2.5\n", "2.5 stands here; it must be a whole number"),
            ("[protocol]\nfolds = \"many\"\n", "the text \"many\" stands here; it must be a whole number"),
            ("[protocol]\nfolds = -1\n", "-1 stands here; it must be a whole number"),
            ("[protocol]\nvariant = \"unseen-subject\"\n", "did you mean unseen-subjects?"),
            ("[protocol]\nenrol = 30\n", "a table of keys"),
            ("[protocol]\nprobe = { seconds = 2.0 }\n", "a list, as [1, 2]"),
            ("[preprocess]\nreference = 3\n", "a text in quotes or a table of keys"),
            ("[encoder]\nloss = \"triplet\"\n", "a table of keys, as { key = 1 }"),
            ("[protocol]\nenrol = { seconds = true }\n", "true stands here; it must be a number"),
            ("[evaluation]\nbootstrap = []\n", "a list stands here"),
            ("[encoder.optimiser]\nsteps = \"ten\"\n", "the text \"ten\""),
            ("seed = { a = 1 }\n", "a table of keys stands here"),
            ("final_model = 1\n", "true or false"),
            ("", "the key name is missing"),
        ] {
            let name = if text.is_empty() { "" } else { "name = \"a\"\n" };
            let error = toml::from_str::<Config>(&format!("{name}{text}")).unwrap_err();
            let said = plain(error.message());
            assert!(said.contains(says), "{text:?}: {said} ({})", error.message());
            assert!(!FOREIGN.iter().any(|word| said.contains(word)), "{text:?}: {said}");
        }
    }
}
