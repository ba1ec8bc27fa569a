//! Everything that can be said about a text as a filter: its place lies in the text, and all ways to show it work.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mentat_filter::{Diagnostic, Dialect, Filter, Schema, Style, Value};
use mentat_fuzz::{clock, context, limits, text_and_record};

fuzz_target!(|bytes: &[u8]| {
    let Some((text, record)) = text_and_record(bytes) else {
        return;
    };
    for dialect in [Dialect::Ransack, Dialect::Pynspect] {
        match Filter::parse_dialect(text, dialect, &limits()) {
            Err(errors) => {
                assert!(!errors.to_string().is_empty());
                show(text, &errors.diagnostics());
            }
            Ok(filter) => {
                let context = context();
                show(text, &filter.check(&Schema::new(), &context));
                if let Err(errors) = filter.convert(Dialect::Ransack) {
                    assert!(!errors.to_string().is_empty());
                }
                match filter.compile::<Value>(&context) {
                    Err(errors) => show(text, &errors.diagnostics()),
                    Ok(program) => {
                        let error = program.evaluate(&record, &clock()).err();
                        show(text, error.map(|error| error.diagnostic(text)).as_slice());
                    }
                }
            }
        }
    }
});

fn show(text: &str, diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        let (start, end) = (diagnostic.span.start as usize, diagnostic.span.end as usize);
        assert!(text.get(start..end).is_some(), "{diagnostic:?}");
        let plain = diagnostic.render(text, Style::Plain).to_string();
        assert!(plain.contains(diagnostic.code) && !plain.contains('\u{1b}'), "{plain}");
        assert!(
            diagnostic
                .render(text, Style::Coloured)
                .to_string()
                .contains(diagnostic.code)
        );
        let json = diagnostic.to_json(text);
        assert!(json.starts_with('{') && !json.contains('\n'), "{json}");
    }
}
