//! Logs, traces and metrics of one process.

mod logs;
mod process;
pub mod trace;

use std::time::Duration;

use anyhow::Context;
use opentelemetry::{
    KeyValue, global,
    metrics::{Meter, MeterProvider},
    trace::TracerProvider,
};
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    metrics::SdkMeterProvider,
    trace::{Sampler, SdkTracerProvider},
};
use prometheus::{Encoder, Registry, TextEncoder};
use tracing_subscriber::{
    EnvFilter, Layer, filter::filter_fn, layer::SubscriberExt, util::SubscriberInitExt,
};

const EXPORT_TIMEOUT: Duration = Duration::from_secs(2);

/// Where signals go.
#[derive(Debug, Clone, clap::Args)]
pub struct TelemetryConfig {
    /// What is logged, as a `tracing` filter: `info,orders=debug`
    #[arg(long, env = "CE_LOG_FILTER", default_value = "info")]
    pub log_filter: String,
    /// Base address of an OTLP collector that speaks http/protobuf, such as `http://localhost:4318`;
    /// without one no traces are made, and metrics are only scraped
    #[arg(long, env = "CE_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
    /// Share of the traces begun here that is kept, 0 to 1; what a caller began is kept as the caller says
    #[arg(long, env = "CE_OTLP_SAMPLE_RATIO", default_value_t = 0.1)]
    pub otlp_sample_ratio: f64,
}

/// The signals of this process, until they are flushed.
#[derive(Debug)]
pub struct Telemetry {
    registry: Registry,
    meters: SdkMeterProvider,
    tracers: Option<SdkTracerProvider>,
}

/// Reads the metrics as a scraper does.
#[derive(Debug, Clone)]
pub struct Scrape(Registry);

/// Starts logs, traces and metrics for the process called `name`. Call it once, outside of any runtime.
///
/// # Errors
/// A filter or an address that cannot be read.
pub fn init(name: &'static str, config: &TelemetryConfig) -> anyhow::Result<Telemetry> {
    let resource = Resource::builder()
        .with_service_name(name)
        .with_attribute(KeyValue::new("service.namespace", "cloudeats"))
        .build();
    let filter = EnvFilter::try_new(&config.log_filter)
        .with_context(|| format!("CE_LOG_FILTER: `{}` is no filter", config.log_filter))?;
    let registry = Registry::new();
    let meters = meters(&resource, &registry, config.otlp_endpoint.as_deref())?;
    global::set_meter_provider(meters.clone());
    process::observe(&meters.meter("process"));

    let tracers = match &config.otlp_endpoint {
        Some(endpoint) => Some(tracers(resource, endpoint, config.otlp_sample_ratio)?),
        None => None,
    };
    let spans = tracers.as_ref().map(|tracers| trace::layer(tracers.tracer(name)));
    let spans_are_kept = tracers.is_some();
    tracing_subscriber::registry()
        // Without a collector nobody reads a span, so none is made.
        .with(filter_fn(move |meta| spans_are_kept || meta.is_event()))
        .with(spans)
        .with(logs::layer(name).with_filter(filter))
        .try_init()
        .context("telemetry was started before")?;
    trace::keep_spans(spans_are_kept);
    logs::log_panics();
    Ok(Telemetry { registry, meters, tracers })
}

impl Telemetry {
    /// What `/metrics` reads.
    #[must_use]
    pub fn scrape(&self) -> Scrape {
        Scrape(self.registry.clone())
    }

    /// Sends what is buffered, for at most two seconds each. Call it outside of any runtime.
    pub fn flush(self) {
        if let Some(tracers) = self.tracers
            && let Err(error) = tracers.shutdown_with_timeout(EXPORT_TIMEOUT)
        {
            tracing::warn!(error = %error, "traces were lost");
        }
        if let Err(error) = self.meters.shutdown_with_timeout(EXPORT_TIMEOUT) {
            tracing::warn!(error = %error, "metrics were lost");
        }
    }
}

impl Scrape {
    /// A registry nobody writes to, for tests.
    #[must_use]
    pub fn empty() -> Self {
        Self(Registry::new())
    }

    /// All series in Prometheus' text format 0.0.4.
    ///
    /// # Errors
    /// A series that cannot be written.
    pub fn text(&self) -> anyhow::Result<String> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.0.gather(), &mut text)?;
        Ok(String::from_utf8(text)?)
    }
}

/// A meter apart from the one of the process, and what it measured: tests see the series that they make
/// themselves, whatever others in the process measure.
#[derive(Debug)]
pub struct Measured {
    registry: Registry,
    meters: SdkMeterProvider,
}

impl Measured {
    /// Nothing was measured yet.
    ///
    /// # Errors
    /// The exporter cannot be made.
    pub fn new() -> anyhow::Result<Self> {
        let registry = Registry::new();
        let meters = meters(&Resource::builder_empty().build(), &registry, None)?;
        Ok(Self { registry, meters })
    }

    /// Makes instruments.
    #[must_use]
    pub fn meter(&self) -> Meter {
        self.meters.meter("test")
    }

    /// All series, as [`Scrape::text`] says them.
    ///
    /// # Errors
    /// A series that cannot be written.
    pub fn text(&self) -> anyhow::Result<String> {
        Scrape(self.registry.clone()).text()
    }
}

fn meters(
    resource: &Resource,
    registry: &Registry,
    endpoint: Option<&str>,
) -> anyhow::Result<SdkMeterProvider> {
    let scraped = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .build()?;
    let meters = SdkMeterProvider::builder().with_resource(resource.clone()).with_reader(scraped);
    let Some(endpoint) = endpoint else { return Ok(meters.build()) };
    let exporter = MetricExporter::builder()
        .with_http()
        .with_http_client(http_client()?)
        .with_endpoint(signal(endpoint, "metrics"))
        .build()
        .context("CE_OTLP_ENDPOINT")?;
    Ok(meters.with_periodic_exporter(exporter).build())
}

fn tracers(resource: Resource, endpoint: &str, ratio: f64) -> anyhow::Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(http_client()?)
        .with_endpoint(signal(endpoint, "traces"))
        .build()
        .context("CE_OTLP_ENDPOINT")?;
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio)));
    let tracers = SdkTracerProvider::builder()
        .with_resource(resource)
        .with_sampler(sampler)
        .with_batch_exporter(exporter);
    Ok(tracers.build())
}

fn signal(endpoint: &str, signal: &str) -> String {
    format!("{}/v1/{signal}", endpoint.trim_end_matches('/'))
}

fn http_client() -> anyhow::Result<reqwest::blocking::Client> {
    reqwest::blocking::Client::builder().timeout(EXPORT_TIMEOUT).build().context("CE_OTLP_ENDPOINT")
}
