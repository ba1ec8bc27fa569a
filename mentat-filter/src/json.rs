//! JSON documents as records.
//!
//! Values are what they are in JSON: a string stays a text, even when it looks like an address or a time. A number is
//! an integer when it has neither fraction nor exponent and fits 64 bits.

use std::ops::ControlFlow;

use serde_json::{Map, Value as Json};

use crate::path::Path;
use crate::subject::{Presence, Subject, walk};
use crate::value::{Mapping, Sequence, ValueRef};

fn view(json: &Json) -> ValueRef<'_> {
    match json {
        Json::Null => ValueRef::Null,
        Json::Bool(value) => ValueRef::Bool(*value),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(value), _, _) => ValueRef::Int(value.into()),
            (_, Some(value), _) => ValueRef::Int(value.into()),
            (_, _, value) => ValueRef::Float(value.unwrap_or(f64::NAN)),
        },
        Json::String(text) => ValueRef::Str(text),
        Json::Array(items) => ValueRef::List(items),
        Json::Object(members) => ValueRef::Map(members),
    }
}

impl Sequence for Vec<Json> {
    fn each(&self, see: &mut dyn FnMut(ValueRef<'_>) -> ControlFlow<()>) {
        let _ = self.iter().try_for_each(|item| see(view(item)));
    }

    fn len(&self) -> usize {
        Self::len(self)
    }
}

impl Mapping for Map<String, Json> {
    fn entries(&self, see: &mut dyn FnMut(&str, ValueRef<'_>) -> ControlFlow<()>) {
        let _ = self.iter().try_for_each(|(key, value)| see(key, view(value)));
    }

    fn len(&self) -> usize {
        Self::len(self)
    }

    fn get(&self, key: &str, see: &mut dyn FnMut(ValueRef<'_>)) -> bool {
        let value = Self::get(self, key);
        if let Some(value) = value {
            see(view(value));
        }
        value.is_some()
    }
}

/// ```
/// # #[cfg(feature = "parse")] {
/// use mentat_filter::{Clock, Context, Filter};
/// let program = Filter::parse("any(logins, user = 'root' and tries > 3)").unwrap();
/// let program = program.compile::<serde_json::Value>(&Context::new()).unwrap();
/// let record = serde_json::json!({"logins": [{"user": "eve", "tries": 9}, {"user": "root", "tries": 4}]});
/// assert!(program.matches(&record, &Clock::system()).unwrap());
/// # }
/// ```
impl Subject for Json {
    type Field = Path;

    fn bind(path: &Path) -> Path {
        path.clone()
    }

    fn visit(&self, field: &Path, see: &mut dyn FnMut(ValueRef<'_>) -> ControlFlow<()>) -> Presence {
        walk(view(self), field.segments(), see)
    }

    fn whole(&self) -> Option<ValueRef<'_>> {
        Some(view(self))
    }
}

#[cfg(all(test, feature = "parse", feature = "regex"))]
mod tests {
    use crate::{Clock, Context, Filter};
    use serde_json::json;

    #[test]
    fn numbers_texts_and_structure() {
        let record = json!({
            "int": -5, "large": u64::MAX, "fraction": 1.5, "text": "10.0.0.1", "none": null, "yes": true,
            "list": [1, [2, 3]], "map": {"a": [{"b": 1}, {"b": [2, 3]}]},
        });
        let check = |text: &str| {
            let program = Filter::parse(text)
                .unwrap()
                .compile::<serde_json::Value>(&Context::new())
                .unwrap();
            assert_eq!(program.matches(&record, &Clock::system()), Ok(true), "{text}");
        };
        check("int = -5 and large = 18446744073709551615 and fraction = 1.5");
        check("text = '10.0.0.1' and text matches '^10'");
        check("none?? and not none and yes == (1 = 1)");
        check("list == [1, [2, 3]] and map.a.b == [1, 2, 3] and not map.a.c??");
    }
}
