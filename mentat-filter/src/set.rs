//! Sets that have a name and change while filters run.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::eval::Members;
use crate::value::Value;

/// A set of addresses, texts or numbers that filters know by a name, and that may be replaced at any time.
///
/// Programs compiled with a [`Context`](crate::Context) that has the set see the new members from their next evaluation
/// on; they need not be compiled again. Membership of an address, text or integer takes a few comparisons, however
/// large the set, as long as its members are of one type.
///
/// ```
/// # #[cfg(feature = "parse")] {
/// use mentat_filter::{Clock, Context, Filter, IpSpan, NamedSet, Value};
/// let own: NamedSet = ["192.0.2.0/24".parse::<IpSpan>().unwrap()].into_iter().collect();
/// let context = Context::new().with_set("own_nets", &own);
/// let program = Filter::parse("address in own_nets").unwrap().compile::<Value>(&context).unwrap();
///
/// let record = Value::Map([("address".to_owned(), Value::Ip("198.51.100.7".parse().unwrap()))].into());
/// assert!(!program.matches(&record, &Clock::system()).unwrap());
/// own.replace(["198.51.100.0/24".parse::<IpSpan>().unwrap()]);
/// assert!(program.matches(&record, &Clock::system()).unwrap());
/// # }
/// ```
#[derive(Clone)]
pub struct NamedSet {
    current: Arc<RwLock<Arc<Members>>>,
}

impl NamedSet {
    /// Puts other members in place of the present ones; an evaluation sees the old or the new ones, never both.
    pub fn replace<V: Into<Value>>(&self, values: impl IntoIterator<Item = V>) {
        let members = Arc::new(Members::new(values.into_iter().map(Into::into).collect()));
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = members;
    }

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.load().len()
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn load(&self) -> Arc<Members> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<V: Into<Value>> FromIterator<V> for NamedSet {
    fn from_iter<I: IntoIterator<Item = V>>(values: I) -> Self {
        let members = Members::new(values.into_iter().map(Into::into).collect());
        Self {
            current: Arc::new(RwLock::new(Arc::new(members))),
        }
    }
}

impl fmt::Debug for NamedSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NamedSet({} members)", self.len())
    }
}
