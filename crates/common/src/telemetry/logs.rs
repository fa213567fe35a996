//! One JSON object per line on standard output.

use std::{
    error::Error,
    fmt::{self, Write},
};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use super::trace;

const LEVEL_NAMES: [(tracing::Level, &str); 5] = [
    (tracing::Level::ERROR, "error"),
    (tracing::Level::WARN, "warn"),
    (tracing::Level::INFO, "info"),
    (tracing::Level::DEBUG, "debug"),
    (tracing::Level::TRACE, "trace"),
];

pub(super) fn layer<S>(service: &'static str) -> impl tracing_subscriber::Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .log_internal_errors(false)
        .event_format(Line { service })
        .with_writer(std::io::stdout)
}

/// Says panics like everything else. What the panic says stays: it is ours, not the caller's.
pub(super) fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("no words");
        let place = panic.location().map(ToString::to_string);
        tracing::error!(panic.message = message, panic.location = place, "a task panicked");
    }));
}

struct Line {
    service: &'static str,
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = event.metadata().level();
        let level =
            LEVEL_NAMES.iter().find(|(known, _)| known == level).map_or("", |(_, name)| name);
        let target = event.metadata().target();
        write!(writer, "{{\"timestamp\":\"{:.6}\",\"level\":\"{level}\"", now())?;
        let mut line = Fields { writer, outcome: Ok(()) };
        line.text("service.name", self.service);
        line.text("target", target);
        trace::doing(|doing| {
            line.put("trace_id", format_args!("\"{:x}\"", doing.trace));
            if let Some(id) = &doing.request_id {
                line.text("request_id", id);
            }
        });
        event.record(&mut line);
        line.outcome?;
        line.writer.write_str("}\n")
    }
}

/// Writes one field after the other, without a copy of any.
struct Fields<'w> {
    writer: Writer<'w>,
    outcome: fmt::Result,
}

impl Fields<'_> {
    fn put(&mut self, name: &str, value: impl fmt::Display) {
        if self.outcome.is_ok() {
            self.outcome = write!(self.writer, ",\"{name}\":{value}");
        }
    }

    fn text(&mut self, name: &str, value: &str) {
        self.put(name, format_args!("\"{}\"", Escaped(value)));
    }
}

/// A JSON string's inside (RFC 8259): nothing that is said can end the line or the object.
struct Escaped<T>(T);

impl<T: fmt::Display> fmt::Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let special = |c: char| c == '"' || c == '\\' || c.is_control();
        let mut rest = text;
        while let Some(at) = rest.find(special) {
            let (plain, from) = rest.split_at(at);
            self.0.write_str(plain)?;
            let mut characters = from.chars();
            match characters.next() {
                Some('"') => self.0.write_str("\\\"")?,
                Some('\\') => self.0.write_str("\\\\")?,
                Some('\n') => self.0.write_str("\\n")?,
                Some(other) => write!(self.0, "\\u{:04x}", u32::from(other))?,
                None => {}
            }
            rest = characters.as_str();
        }
        self.0.write_str(rest)
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), format_args!("\"{}\"", Escaped(format_args!("{value:?}"))));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON knows no infinity.
        if value.is_finite() {
            self.put(field.name(), value);
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut chain = value.to_string();
        let mut source = value.source();
        while let Some(cause) = source {
            chain.push_str(": ");
            chain.push_str(&cause.to_string());
            source = cause.source();
        }
        self.text(field.name(), &chain);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a log line says when it was written, not when it is"
)]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::{fmt::MakeWriter, layer::SubscriberExt};

    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Page {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    fn written(say: impl FnOnce()) -> String {
        let page = Page::default();
        let layer = tracing_subscriber::fmt::layer()
            .event_format(Line { service: "orders" })
            .with_writer(page.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), say);
        let bytes = page.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_is_one_object_whatever_is_said() {
        let text = written(|| {
            let id = "a\n\"b\\\u{1b}[31m\u{9b}\u{7f}é";
            tracing::info!(order.id = id, order.debug = ?Some(id), duration_ms = 1.5, "order placed");
        });

        assert_eq!(text.lines().count(), 1);
        assert!(!text.contains('\u{1b}'), "{text}");
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["message"], "order placed");
        assert_eq!(line["order.id"], "a\n\"b\\\u{1b}[31m\u{9b}\u{7f}é");
        assert_eq!(line["duration_ms"], 1.5);
        assert_eq!(line["level"], "info");
        assert_eq!(line["service.name"], "orders");
    }

    #[test]
    fn an_error_is_written_with_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("the order could not be stored")]
        struct Outer(#[source] std::io::Error);

        let text = written(|| {
            let error = Outer(std::io::Error::other("no space"));
            tracing::error!(error = &error as &(dyn Error + 'static), "failed");
        });

        assert!(text.contains("the order could not be stored: no space"), "{text}");
    }
}
