//! Numbers of things in words.

/// `1 subject`, `2 subjects`: the number and the thing, which is named in the singular.
///
/// ```
/// use twinprint_signal::counted;
///
/// assert_eq!(counted(1, "subject"), "1 subject");
/// assert_eq!(counted(0, "person"), "0 people");
/// assert_eq!(counted(2, "log entry"), "2 log entries");
/// ```
pub fn counted(number: usize, thing: &str) -> String {
    if number == 1 {
        return format!("1 {thing}");
    }
    match (thing, thing.strip_suffix('y')) {
        ("person", _) => format!("{number} people"),
        (_, Some(stem)) if !stem.ends_with(['a', 'e', 'o']) => format!("{number} {stem}ies"),
        _ => format!("{number} {thing}s"),
    }
}
