//! Table definitions in the words of the API, and back.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TableDescription,
};

use crate::{Attribute, AttributeKind, IndexDef, TableDef};

/// Partition and sort attribute by index; the table itself is the index without a name.
pub(crate) type Keys = BTreeMap<String, Vec<String>>;

pub(crate) fn keys_wanted(table: &TableDef) -> Keys {
    let names = |partition: Attribute, sort: Option<Attribute>| {
        std::iter::once(partition).chain(sort).map(|key| key.name.to_owned()).collect()
    };
    let mut keys = Keys::from([(String::new(), names(table.partition, table.sort))]);
    keys.extend(
        table
            .indexes
            .iter()
            .map(|index| (index.name.to_owned(), names(index.partition, index.sort))),
    );
    keys
}

pub(crate) fn keys_of(table: &TableDescription) -> Keys {
    let names = |schema: &[KeySchemaElement]| {
        schema.iter().map(|element| element.attribute_name().to_owned()).collect()
    };
    let mut keys = Keys::from([(String::new(), names(table.key_schema()))]);
    keys.extend(table.global_secondary_indexes().iter().map(|index| {
        (index.index_name().unwrap_or_default().to_owned(), names(index.key_schema()))
    }));
    keys
}

pub(crate) fn attributes(table: &TableDef) -> anyhow::Result<Vec<AttributeDefinition>> {
    let of_indexes =
        table.indexes.iter().flat_map(|index| std::iter::once(index.partition).chain(index.sort));
    let all: BTreeMap<&str, AttributeKind> = std::iter::once(table.partition)
        .chain(table.sort)
        .chain(of_indexes)
        .map(|attribute| (attribute.name, attribute.kind))
        .collect();
    let definition = |(name, kind)| {
        let kind = match kind {
            AttributeKind::Text => ScalarAttributeType::S,
            AttributeKind::Number => ScalarAttributeType::N,
        };
        AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build()
    };
    Ok(all.into_iter().map(definition).collect::<Result<_, _>>()?)
}

pub(crate) fn key_schema(
    partition: Attribute,
    sort: Option<Attribute>,
) -> anyhow::Result<Vec<KeySchemaElement>> {
    let element = |(attribute, kind): (Attribute, KeyType)| {
        KeySchemaElement::builder().attribute_name(attribute.name).key_type(kind).build()
    };
    let sort = sort.map(|sort| (sort, KeyType::Range));
    let elements = std::iter::once((partition, KeyType::Hash)).chain(sort).map(element);
    Ok(elements.collect::<Result<_, _>>()?)
}

pub(crate) fn indexes(indexes: &[IndexDef]) -> anyhow::Result<Option<Vec<GlobalSecondaryIndex>>> {
    if indexes.is_empty() {
        return Ok(None);
    }
    let whole_items = || Projection::builder().projection_type(ProjectionType::All).build();
    let index = |index: &IndexDef| {
        let builder = GlobalSecondaryIndex::builder()
            .index_name(index.name)
            .set_key_schema(Some(key_schema(index.partition, index.sort)?))
            .projection(whole_items());
        Ok::<_, anyhow::Error>(builder.build()?)
    };
    Ok(Some(indexes.iter().map(index).collect::<Result<_, _>>()?))
}
