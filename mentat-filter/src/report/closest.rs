//! Did you mean?

/// The name most like a wrong one, if one is near: letters in another case, left out, doubled or exchanged.
pub(crate) fn closest<'n>(wrong: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let lower = wrong.to_ascii_lowercase();
    names
        .into_iter()
        .map(|name| (distance(&lower, &name.to_ascii_lowercase()), name))
        .filter(|(distance, name)| *distance <= 1 + name.len().min(wrong.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many letters to insert, leave out, replace or exchange with their neighbour to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    let mut previous = None;
    for (row, letter) in one.chars().take(64).enumerate() {
        let mut current = vec![row + 1];
        for (column, candidate) in other.iter().enumerate() {
            let at = |line: &[usize], column: usize| line.get(column).copied().unwrap_or(usize::MAX - 1);
            let replaced = at(&last, column) + usize::from(letter != *candidate);
            let mut least = replaced.min(at(&last, column + 1) + 1).min(at(&current, column) + 1);
            if let Some(left) = column.checked_sub(1)
                && previous == Some(*candidate)
                && other.get(left) == Some(&letter)
            {
                least = least.min(at(&before_last, left) + 1);
            }
            current.push(least);
        }
        previous = Some(letter);
        before_last = std::mem::replace(&mut last, current);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn names_that_are_near() {
        let names = ["length", "lower", "Source.IP4", "Target.Port", "Category"];
        let check = |wrong, near| assert_eq!(closest(wrong, names), near, "{wrong}");
        check("lenght", Some("length"));
        check("LENGTH", Some("length"));
        check("Soruce.IP4", Some("Source.IP4"));
        check("Category", Some("Category"));
        check("Categories", Some("Category"));
        check("xyz", None);
        check("", None);
    }
}
