//! Who may do what with a file, judged by its mode.

use crate::fs::Meta;

/// Whether the owner of `queue`, as its directory tells, may read this file.
pub(super) fn may_read(file: &Meta, queue: &Meta) -> bool {
    let bit = match () {
        () if queue.user == 0 => return true,
        () if file.user == queue.user => 0o400,
        () if file.group == queue.group => 0o040,
        () => 0o004,
    };
    file.mode & bit != 0
}

/// What is wrong with a directory's mode.
pub(super) fn wrong_mode(dir: &Meta) -> Option<&'static str> {
    if dir.mode & 0o700 != 0o700 {
        return Some("its owner may not read, write and search it");
    }
    // The sticky bit lets everybody add, and nobody take what is not theirs.
    if dir.mode & 0o1002 == 0o002 {
        return Some("everybody may remove and replace messages in it");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::EntryKind;
    use std::time::UNIX_EPOCH;

    fn meta(user: u32, group: u32, mode: u32) -> Meta {
        Meta {
            kind: EntryKind::File,
            size: 0,
            modified: UNIX_EPOCH,
            changed: UNIX_EPOCH,
            device: 0,
            inode: 0,
            mode,
            user,
            group,
        }
    }

    #[test]
    fn reading() {
        let check = |file: (u32, u32, u32), expected: bool| {
            assert_eq!(
                may_read(&meta(file.0, file.1, file.2), &meta(7, 8, 0o775)),
                expected,
                "{file:?}"
            );
        };
        check((7, 9, 0o400), true);
        check((7, 8, 0o044), false);
        check((0, 8, 0o640), true);
        check((0, 8, 0o604), false);
        check((0, 0, 0o644), true);
        check((0, 0, 0o640), false);
        assert!(may_read(&meta(1, 1, 0), &meta(0, 0, 0o775)), "root reads everything");
    }

    #[test]
    fn modes_of_directories() {
        let check =
            |mode: u32, expected: bool| assert_eq!(wrong_mode(&meta(7, 8, mode)).is_some(), expected, "{mode:o}");
        check(0o775, false);
        check(0o2770, false);
        check(0o1777, false);
        check(0o777, true);
        check(0o575, true);
        check(0o677, true);
    }
}
