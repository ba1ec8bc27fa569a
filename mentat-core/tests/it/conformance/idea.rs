//! The IDEA model: messages, spans of addresses, paths.

use super::run_all;

mod messages;
mod paths;
pub(crate) mod spans;

#[test]
fn recorded_behaviour() {
    let document = paths::document();
    run_all(&[
        messages::valid(),
        messages::invalid(),
        spans::suite(),
        paths::suite(document.is_some(), &|vector| paths::check(vector, document.as_ref())),
    ]);
}
