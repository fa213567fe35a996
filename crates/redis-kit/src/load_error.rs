//! Why a value is neither cached nor loaded.

use std::sync::Arc;

use common::types::{Class, Fault};

/// The failure of a load, shared by all who waited for it.
#[derive(Debug, thiserror::Error)]
pub enum LoadError<E: Fault> {
    /// The loader's own failure.
    #[error("the value could not be loaded")]
    Loader(#[source] Arc<E>),
    /// The value cannot be written as JSON, or not read back.
    #[error("the value does not survive json")]
    Shape(#[source] Arc<serde_json::Error>),
}

impl<E: Fault> Clone for LoadError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Loader(error) => Self::Loader(error.clone()),
            Self::Shape(error) => Self::Shape(error.clone()),
        }
    }
}

impl<E: Fault> Fault for LoadError<E> {
    fn class(&self) -> Class {
        match self {
            Self::Loader(error) => error.class(),
            Self::Shape(_) => Class::Broken,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Loader(error) => error.code(),
            Self::Shape(_) => "cache-shape",
        }
    }
}
