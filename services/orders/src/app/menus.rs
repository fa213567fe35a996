//! Published menus, kept in memory: nobody asks for a price while an order is placed.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use common::types::StoreId;
use postgres_kit::StoreError;

use crate::{App, domain::Menu, store};

/// Menus by store. At most as old as the last look at their versions, see [`App::refresh_menus`].
#[derive(Clone, Default)]
pub(crate) struct Menus(Arc<RwLock<HashMap<StoreId, Arc<Menu>>>>);

impl Menus {
    fn get(&self, store: StoreId) -> Option<Arc<Menu>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&store).cloned()
    }

    fn put(&self, store: StoreId, menu: Arc<Menu>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(store, menu);
    }

    fn versions(&self) -> HashMap<StoreId, i64> {
        let menus = self.0.read().unwrap_or_else(PoisonError::into_inner);
        menus.iter().map(|(store, menu)| (*store, menu.version)).collect()
    }
}

impl App {
    /// A store's menu, from memory where it is there.
    pub(super) async fn menu_of(&self, store: StoreId) -> Result<Option<Arc<Menu>>, StoreError> {
        if let Some(menu) = self.menus.get(store) {
            return Ok(Some(menu));
        }
        self.load_menu(store).await
    }

    /// Takes menus into memory that are newer than those there.
    pub(crate) async fn refresh_menus(&self) -> Result<(), StoreError> {
        let mut db = self.db.acquire().await?;
        let newest = store::menus::list_versions(&mut db).await?;
        drop(db);
        let known = self.menus.versions();
        for (store, version) in newest {
            if known.get(&store).is_some_and(|known| *known < version) {
                self.load_menu(store).await?;
            }
        }
        Ok(())
    }

    async fn load_menu(&self, store: StoreId) -> Result<Option<Arc<Menu>>, StoreError> {
        let mut db = self.db.acquire().await?;
        let menu = store::menus::find(&mut db, store).await?.map(Arc::new);
        if let Some(menu) = &menu {
            self.menus.put(store, Arc::clone(menu));
        }
        Ok(menu)
    }
}
