//! The door for devices: MQTT 3.1.1. The client's types stay inside.

mod address;
mod bucket;
#[cfg(test)]
mod live;
mod mail;
mod session;
mod telemetry;
mod tls;
mod words;

use anyhow::Context;
use futures::future::{self, BoxFuture};
use rumqttc::{MqttOptions, Transport};
use service_kit::Stop;

use crate::{App, config::MqttConfig};
use session::Session;

/// Hears devices until stopped. A broker that is away does not hinder it: we come back.
///
/// # Errors
/// `CE_MQTT_URL` cannot be read, or the files for TLS.
pub fn door(
    app: App,
    config: &MqttConfig,
) -> anyhow::Result<impl FnOnce(Stop) -> BoxFuture<'static, anyhow::Result<()>> + use<>> {
    let config = config.clone();
    let broker = config.mqtt_url.as_deref().map(address::parse).transpose();
    let broker = broker.context("CE_MQTT_URL")?;
    let transport = match &broker {
        Some(address) if address.secured => tls::transport(&config)?,
        _ => Transport::Tcp,
    };
    Ok(move |stop: Stop| -> BoxFuture<'static, anyhow::Result<()>> {
        Box::pin(async move {
            if let Some(broker) = broker {
                let options = session::options(broker, transport, &config);
                listen(app, options, &config, &stop).await;
            } else {
                tracing::warn!("no broker is configured: devices are not heard");
                stop.cancelled().await;
            }
            Ok(())
        })
    })
}

/// The connection outlives the work, so that what was done can still be acknowledged.
async fn listen(app: App, options: MqttOptions, config: &MqttConfig, stop: &Stop) {
    let (session, post, letters) = Session::open(&app, options, config);
    let done = Stop::new();
    let batches = telemetry::Batches::of(config);
    let work = async {
        future::join(
            telemetry::take(&app, letters.telemetry, &post, batches, stop),
            words::take(&app, letters.words, &post, stop),
        )
        .await;
        done.cancel();
    };
    future::join(Box::pin(session.run(&done)), work).await;
}
