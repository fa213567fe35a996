//! Who works in the demo city, and how they sign in.

use std::path::PathBuf;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::types::{Cell, Role, StoreId, Text};
use fleet_contract::http::{PutCourier, PutVehicle, VehicleKind};
use futures::{StreamExt, TryStreamExt};
use identity_contract::http::{CreateUser, User};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::api::{Api, Call, Person};
use crate::mqtt::Passwords;
use crate::site::{ADMIN_EMAIL, Site};

use super::stores::{STORES, StoreSeed};
use super::{id_of, shop};

/// A gateway lets one person ask 100 times a minute: a busy board needs several.
const COOKS: usize = 4;
/// Passwords are dear to hash: some people are hired at once.
const AT_ONCE: usize = 4;
/// Couriers of each cell.
const COURIERS: [(&str, usize); 2] = [("east-a", 8), ("west-a", 4)];

/// Everybody who was hired.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Roster {
    /// The people.
    pub people: Vec<Hired>,
}

/// Somebody with a role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hired {
    /// The account.
    pub user_id: Uuid,
    /// Signs in with this.
    pub email: String,
    /// And this.
    pub password: String,
    /// What for.
    pub role: Role,
    /// The store, where the role is limited to one.
    pub store: Option<String>,
    /// The courier's vehicle: also its name at the broker.
    pub vehicle: Option<Ride>,
}

/// A courier's vehicle.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ride {
    /// The vehicle: its name at the broker.
    pub vehicle_id: Uuid,
    /// Its password at the broker.
    pub mqtt_password: String,
    /// Where it works.
    pub cell: String,
}

struct Wanted {
    email: String,
    name: String,
    role: Role,
    store: Option<&'static StoreSeed>,
    cell: Option<&'static str>,
}

/// The first administrator.
pub fn admin(site: &Site, api: &Api) -> anyhow::Result<Person> {
    Ok(Person::new(api, ADMIN_EMAIL, site.secrets.get("admin")?))
}

/// A password that belongs to an address of this stack and to no other.
pub(crate) fn password(site: &Site, whose: &str) -> anyhow::Result<SecretString> {
    let secret = site.secrets.get("people")?;
    let digest = Sha256::digest(format!("{}/{whose}", secret.expose_secret()));
    Ok(URL_SAFE_NO_PAD.encode(digest).into())
}

/// Gives everybody an account, and couriers their vehicles.
pub(super) async fn hire(site: &Site, admin: &Person) -> anyhow::Result<Roster> {
    let hired = futures::stream::iter(wanted())
        .map(async |wanted| employ(site, admin, &wanted).await)
        .buffered(AT_ONCE);
    let people: Vec<Hired> = hired.try_collect().await?;
    let rides = people.iter().filter_map(|hired| hired.vehicle.as_ref());
    let rides: Vec<(String, SecretString)> = rides
        .map(|ride| (ride.vehicle_id.to_string(), ride.mqtt_password.clone().into()))
        .collect();
    Passwords::of(&site.layout)?.add_vehicles(&rides)?;
    Ok(Roster { people })
}

fn wanted() -> Vec<Wanted> {
    let cook = |store: &'static StoreSeed, n| Wanted {
        email: format!("cook-{n}.{}@staff.example", store.slug),
        name: format!("Cook {n}"),
        role: Role::Kitchen,
        store: Some(store),
        cell: None,
    };
    let manager = |store: &'static StoreSeed| Wanted {
        email: manager_email(store),
        name: "Manager".to_owned(),
        role: Role::StoreManager,
        store: Some(store),
        cell: None,
    };
    let courier = |cell, n| Wanted {
        email: format!("courier-{n}.{cell}@staff.example"),
        name: format!("Courier {n}"),
        role: Role::Courier,
        store: None,
        cell: Some(cell),
    };
    let dispatcher = Wanted {
        email: "dispatcher@staff.example".to_owned(),
        name: "Dispatcher".to_owned(),
        role: Role::Dispatcher,
        store: None,
        cell: None,
    };
    let cooks = STORES.iter().flat_map(|store| (1..=COOKS).map(move |n| cook(store, n)));
    let couriers =
        COURIERS.iter().flat_map(|&(cell, count)| (1..=count).map(move |n| courier(cell, n)));
    let managers = STORES.iter().map(manager);
    managers.chain(cooks).chain(couriers).chain([dispatcher]).collect()
}

async fn employ(site: &Site, admin: &Person, wanted: &Wanted) -> anyhow::Result<Hired> {
    let password = password(site, &wanted.email)?;
    let body = CreateUser {
        email: Text::new(&wanted.email)?,
        password: Text::new(password.expose_secret())?,
        name: Text::new(&wanted.name)?,
        roles: vec![wanted.role],
        stores: wanted.store.iter().map(|store| store.store_id()).collect::<Vec<StoreId>>(),
    };
    let key = shop::key(&format!("user/{}", wanted.email));
    let answer = admin.ask(&Call::post("/v1/users", &body)?.key(key)).await?;
    let user_id = if answer.code() == "email-taken" {
        Person::new(admin.api(), wanted.email.as_str(), password.clone()).id().await?
    } else {
        let made = answer.expect_ok(&format!("no account for {}", wanted.email))?;
        made.json::<User>()?.user_id.as_uuid()
    };
    let vehicle = match wanted.cell {
        Some(cell) => Some(ride(site, admin, wanted, user_id, cell).await?),
        None => None,
    };
    Ok(Hired {
        user_id,
        email: wanted.email.clone(),
        password: password.expose_secret().to_owned(),
        role: wanted.role,
        store: wanted.store.map(|store| store.slug.to_owned()),
        vehicle,
    })
}

/// A vehicle for a courier. What is there already stays as it is.
async fn ride(
    site: &Site,
    admin: &Person,
    wanted: &Wanted,
    courier: Uuid,
    cell: &str,
) -> anyhow::Result<Ride> {
    let vehicle_id = id_of(&format!("vehicle/{}", wanted.email));
    let vehicle = PutVehicle {
        name: Text::new(&format!("{}'s bike", wanted.name))?,
        kind: VehicleKind::Bike,
        cell: Cell::parse(cell)?,
    };
    let wish = Call::put(format!("/v1/vehicles/{vehicle_id}"), &vehicle)?;
    shop::made_or_there(admin.ask(&wish).await?, "no vehicle")?;
    let put = PutCourier {
        name: Text::new(&wanted.name)?,
        vehicle_id: common::types::VehicleId::from_uuid(vehicle_id),
        cell: Cell::parse(cell)?,
    };
    let wish = Call::put(format!("/v1/couriers/{courier}"), &put)?;
    shop::made_or_there(admin.ask(&wish).await?, "no courier")?;
    let mqtt_password = password(site, &vehicle_id.to_string())?.expose_secret().to_owned();
    Ok(Ride { vehicle_id, mqtt_password, cell: cell.to_owned() })
}

fn manager_email(store: &StoreSeed) -> String {
    format!("manager.{}@staff.example", store.slug)
}

impl Roster {
    /// What a former `seed` wrote down.
    pub fn open(site: &Site) -> anyhow::Result<Self> {
        let path = site.layout.secrets().join("people.json");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("no {}: run `cloudeats seed`", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("unreadable: {}", path.display()))
    }

    /// Writes down how people sign in, for their owner's eyes.
    pub(super) fn keep(&self, site: &Site) -> anyhow::Result<PathBuf> {
        site.secrets.write("people.json", &serde_json::to_string_pretty(self)?)
    }

    /// The people with a role; of one store, where one is named.
    pub fn with_role<'a>(
        &'a self,
        role: Role,
        store: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Hired> {
        let fits = move |hired: &&Hired| {
            hired.role == role && store.is_none_or(|slug| hired.store.as_deref() == Some(slug))
        };
        self.people.iter().filter(fits)
    }

    pub(super) fn manager(&self, api: &Api, store: &StoreSeed) -> anyhow::Result<Person> {
        let found = self.with_role(Role::StoreManager, Some(store.slug)).next();
        Ok(found.with_context(|| format!("{} has no manager", store.slug))?.person(api))
    }
}

impl Hired {
    /// As a client of the API.
    #[must_use]
    pub fn person(&self, api: &Api) -> Person {
        Person::new(api, self.email.as_str(), self.password.clone().into())
    }
}
