//! The one door through which this crate speaks to a log. Without the feature `log` it leads nowhere.

#[cfg(feature = "log")]
mod enabled {
    use std::fmt::Arguments;

    pub(crate) fn error(component: &str, text: Arguments<'_>) {
        tracing::error!(component, "{text}");
    }

    pub(crate) fn warn(component: &str, text: Arguments<'_>) {
        tracing::warn!(component, "{text}");
    }

    pub(crate) fn info(component: &str, text: Arguments<'_>) {
        tracing::info!(component, "{text}");
    }
}

#[cfg(not(feature = "log"))]
mod disabled {
    use std::fmt::Arguments;

    pub(crate) fn error(_: &str, _: Arguments<'_>) {}

    pub(crate) fn warn(_: &str, _: Arguments<'_>) {}

    pub(crate) fn info(_: &str, _: Arguments<'_>) {}
}

#[cfg(not(feature = "log"))]
pub(crate) use disabled::{error, info, warn};
#[cfg(feature = "log")]
pub(crate) use enabled::{error, info, warn};
