//! JSON that means what it looks like.
//!
//! serde reads a struct from an array, and of two equal keys it keeps the last where a map is asked for.
//! Here a body is read into a tree in which no key is there twice, and the tree into what is asked for: a
//! struct only from an object.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{
        Error as _, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
        value::{Error, MapAccessDeserializer, MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Null,
    Bool(bool),
    Whole(i64),
    /// More than an `i64` holds.
    Large(u64),
    Float(f64),
    Text(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Planter)
    }
}

struct Planter;

impl<'de> Visitor<'de> for Planter {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Whole(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(i64::try_from(value).map_or(Tree::Large(value), Tree::Whole))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Tree, E> {
        Ok(Tree::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Tree, A::Error> {
        let mut array = Vec::new();
        while let Some(value) = values.next_element()? {
            array.push(value);
        }
        Ok(Tree::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut object: Vec<(String, Tree)> = Vec::new();
        let mut keys = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if !keys.insert(key.clone()) {
                // serde's own words for it.
                return Err(A::Error::custom(format_args!("duplicate field `{key}`")));
            }
            object.push((key, entries.next_value()?));
        }
        Ok(Tree::Object(object))
    }
}

impl Tree {
    fn unexpected(&self) -> Unexpected<'_> {
        match self {
            Self::Null => Unexpected::Unit,
            Self::Bool(value) => Unexpected::Bool(*value),
            Self::Whole(value) => Unexpected::Signed(*value),
            Self::Large(value) => Unexpected::Unsigned(*value),
            Self::Float(value) => Unexpected::Float(*value),
            Self::Text(value) => Unexpected::Str(value),
            Self::Array(_) => Unexpected::Seq,
            Self::Object(_) => Unexpected::Map,
        }
    }
}

fn object<'de, V: Visitor<'de>>(
    entries: Vec<(String, Tree)>,
    visitor: V,
) -> Result<V::Value, Error> {
    let mut map = MapDeserializer::new(entries.into_iter());
    let value = visitor.visit_map(&mut map)?;
    map.end()?;
    Ok(value)
}

impl<'de> Deserializer<'de> for Tree {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Whole(value) => visitor.visit_i64(value),
            Self::Large(value) => visitor.visit_u64(value),
            Self::Float(value) => visitor.visit_f64(value),
            Self::Text(value) => visitor.visit_string(value),
            Self::Array(values) => {
                let mut seq = SeqDeserializer::new(values.into_iter());
                let value = visitor.visit_seq(&mut seq)?;
                seq.end()?;
                Ok(value)
            }
            Self::Object(entries) => object(entries, visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Object(entries) => object(entries, visitor),
            other => Err(Error::invalid_type(other.unexpected(), &visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Null => visitor.visit_none(),
            some => visitor.visit_some(some),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Self::Text(variant) => visitor.visit_enum(variant.into_deserializer()),
            Self::Object(entries) if entries.len() == 1 => {
                let map = MapDeserializer::new(entries.into_iter());
                visitor.visit_enum(MapAccessDeserializer::new(map))
            }
            other => Err(Error::invalid_type(other.unexpected(), &visitor)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, Error> for Tree {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    struct Point {
        x: i64,
        y: Option<u8>,
    }

    #[derive(Debug, PartialEq, Deserialize, Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Shape {
        Dot,
        At(Point),
        Named { name: String },
    }

    #[derive(Debug, PartialEq, Deserialize, Serialize)]
    struct All {
        points: Vec<Point>,
        pair: (u64, f64),
        shapes: Vec<Shape>,
        names: BTreeMap<String, bool>,
        #[serde(default)]
        rest: Option<Box<All>>,
    }

    fn read<T: for<'a> Deserialize<'a>>(text: &str) -> Result<T, String> {
        let tree: Tree = serde_json::from_str(text).map_err(|error| error.to_string())?;
        T::deserialize(tree).map_err(|error| error.to_string())
    }

    #[test]
    fn what_serde_writes_is_read_as_serde_reads_it() {
        let text = r#"{"points":[{"x":-1,"y":2},{"x":9223372036854775807,"y":null}],
            "pair":[18446744073709551615,1.5],"shapes":["dot",{"at":{"x":1}},{"named":{"name":"é"}}],
            "names":{"a":true},"rest":{"points":[],"pair":[1,2],"shapes":[],"names":{}}}"#;
        assert_eq!(read::<All>(text).unwrap(), serde_json::from_str::<All>(text).unwrap());
    }

    #[test]
    fn an_array_is_no_struct_however_deep_it_lies() {
        assert!(serde_json::from_str::<Point>("[1,2]").is_ok(), "then this is not needed any more");
        for text in ["[1,2]", "[[1,2]]", "\"x\"", "7", "null"] {
            assert!(read::<Point>(text).is_err(), "{text}");
        }
        assert!(read::<Vec<Point>>("[[1,2]]").is_err());
        assert!(read::<Shape>(r#"{"at":[1,2]}"#).is_err());
        assert!(read::<Shape>(r#"{"named":["n"]}"#).is_err());
    }

    #[test]
    fn no_key_is_there_twice() {
        for text in [r#"{"a":true,"a":false}"#, r#"{"a":true,"b":true,"\u0061":true}"#] {
            let words = read::<BTreeMap<String, bool>>(text).unwrap_err();
            assert!(words.starts_with("duplicate field `a`"), "{words}");
        }
    }

    #[test]
    fn numbers_are_what_they_are_asked_for() {
        for text in ["1.0", "1e2", "\"1\"", "256", "-1", "9223372036854775808", "true"] {
            assert!(read::<u8>(text).is_err(), "{text}");
        }
        assert_eq!(read::<u64>("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(read::<f64>("3"), Ok(3.0));
    }
}
