//! Taking down what a device, or its will, says of itself.

use common::types::VehicleId;
use postgres_kit::StoreError;

use crate::{App, store};

/// More of it is not kept.
const FIRMWARE_CHARS: usize = 60;

impl App {
    /// Notes whether a vehicle's device is there. A retained word says nothing of the present, unless it is
    /// that the device went.
    pub(crate) async fn record_status(
        &self,
        vehicle: VehicleId,
        online: bool,
        firmware: &str,
        retained: bool,
    ) -> Result<(), StoreError> {
        if retained && online {
            return Ok(());
        }
        let seen = online.then(|| self.clock.now());
        let firmware: String =
            firmware.chars().filter(|c| !c.is_control()).take(FIRMWARE_CHARS).collect();
        let mut db = self.db.acquire().await?;
        store::presence::set_status(&mut db, vehicle, online, &firmware, seen).await
    }
}
