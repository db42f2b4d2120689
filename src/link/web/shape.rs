//! A protobuf message of the engine's as JSON in the original's shape.
//!
//! The engine's types know serde, in Rust's manner; this serializer writes what they tell in the manner
//! that receivers know: names in camel case, what is not set left out, bytes as base64 text, numbers as
//! numbers, enum values by their names, a member of a `oneof` as a member of its message. Nothing of a
//! message is lost that way, also not of kinds that came after us.

use std::fmt::{Display, Error};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};
use serde_json::{Map, Value};

/// The value, or none when there is nothing in it.
pub(super) fn shape(value: &impl Serialize) -> Option<Value> {
    match value.serialize(Shaper) {
        Ok(Shape::Value(value)) => Some(value),
        _ => None,
    }
}

enum Shape {
    /// Not set.
    Nothing,
    /// A piece of `bytes`: protobuf has no other numbers of this size.
    Byte(u8),
    Value(Value),
    /// A member of a `oneof`, with its name.
    Member(String, Value),
}

impl Shape {
    fn value(self) -> Option<Value> {
        match self {
            Self::Nothing => None,
            Self::Byte(byte) => Some(byte.into()),
            Self::Value(value) => Some(value),
            Self::Member(name, value) => Some(Value::Object(Map::from_iter([(name, value)]))),
        }
    }
}

type Shaped = Result<Shape, Error>;
type Never = Impossible<Shape, Error>;

struct Shaper;

macro_rules! plain {
    ($($name:ident: $kind:ty),+) => {
        $(fn $name(self, value: $kind) -> Shaped { Ok(Shape::Value(value.into())) })+
    };
}

impl Serializer for Shaper {
    type Ok = Shape;
    type Error = Error;
    type SerializeSeq = List;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Members;
    type SerializeStruct = Members;
    type SerializeStructVariant = Never;

    plain!(
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_f32: f32, serialize_f64: f64,
        serialize_str: &str
    );

    fn serialize_u8(self, value: u8) -> Shaped {
        Ok(Shape::Byte(value))
    }

    fn serialize_char(self, value: char) -> Shaped {
        Ok(Shape::Value(value.to_string().into()))
    }

    fn serialize_bytes(self, value: &[u8]) -> Shaped {
        Ok(Shape::Value(STANDARD.encode(value).into()))
    }

    fn serialize_none(self) -> Shaped {
        Ok(Shape::Nothing)
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Shaped {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Shaped {
        Ok(Shape::Nothing)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Shaped {
        Ok(Shape::Nothing)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Shaped {
        Ok(Shape::Value(variant.into()))
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Shaped {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Shaped {
        let mut name = variant.to_owned();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        Ok(match value.serialize(self)?.value() {
            Some(value) => Shape::Member(name, value),
            None => Shape::Nothing,
        })
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List, Error> {
        Ok(List::default())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members, Error> {
        Ok(Members::default())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members, Error> {
        Ok(Members::default())
    }

    fn serialize_tuple(self, _: usize) -> Result<Never, Error> {
        Err(Error)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Never, Error> {
        Err(Error)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Never, Error> {
        Err(Error)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Never, Error> {
        Err(Error)
    }

    fn collect_str<T: ?Sized + Display>(self, value: &T) -> Shaped {
        Ok(Shape::Value(value.to_string().into()))
    }
}

/// A repeated field, or `bytes`.
#[derive(Default)]
struct List {
    bytes: Vec<u8>,
    values: Vec<Value>,
}

impl SerializeSeq for List {
    type Ok = Shape;
    type Error = Error;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        match value.serialize(Shaper)? {
            Shape::Byte(byte) => self.bytes.push(byte),
            other => self.values.extend(other.value()),
        }
        Ok(())
    }

    fn end(self) -> Shaped {
        Ok(if !self.bytes.is_empty() {
            Shape::Value(STANDARD.encode(self.bytes).into())
        } else if self.values.is_empty() {
            Shape::Nothing
        } else {
            Shape::Value(Value::Array(self.values))
        })
    }
}

/// A message, or a map.
#[derive(Default)]
struct Members {
    members: Map<String, Value>,
    key: Option<String>,
}

impl SerializeStruct for Members {
    type Ok = Shape;
    type Error = Error;

    fn serialize_field<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        match value.serialize(Shaper)? {
            Shape::Member(name, value) => {
                self.members.insert(name, value);
            }
            other => {
                if let Some(value) = other.value() {
                    self.members.insert(camel(name), value);
                }
            }
        }
        Ok(())
    }

    fn end(self) -> Shaped {
        Ok(Shape::Value(Value::Object(self.members)))
    }
}

impl SerializeMap for Members {
    type Ok = Shape;
    type Error = Error;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Error> {
        self.key = key.serialize(Shaper)?.value().map(|key| match key {
            Value::String(text) => text,
            other => other.to_string(),
        });
        Ok(())
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        if let (Some(key), Some(value)) = (self.key.take(), value.serialize(Shaper)?.value()) {
            self.members.insert(key, value);
        }
        Ok(())
    }

    fn end(self) -> Shaped {
        Ok(Shape::Value(Value::Object(self.members)))
    }
}

/// `file_enc_sha256` as the schema has it: `fileEncSha256`.
fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut high = false;
    for c in name.chars() {
        match c {
            '_' => high = true,
            _ if high => {
                camel.push(c.to_ascii_uppercase());
                high = false;
            }
            _ => camel.push(c),
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::{camel, shape};
    use serde_json::json;
    use whatsapp_rust::buffa::MessageField;
    use whatsapp_rust::waproto::whatsapp::message::protocol_message::Type;
    use whatsapp_rust::waproto::whatsapp::message::{ImageMessage, ProtocolMessage};
    use whatsapp_rust::waproto::whatsapp::{ContextInfo, Message, MessageKey};

    #[test]
    fn names_are_those_of_the_schema() {
        for (rust, wire) in [
            ("url", "url"),
            ("file_enc_sha256", "fileEncSha256"),
            ("view_once_message_v2_extension", "viewOnceMessageV2Extension"),
        ] {
            assert_eq!(camel(rust), wire);
        }
    }

    #[test]
    fn bytes_are_text_numbers_are_numbers_and_what_is_not_set_is_left_out() {
        let context =
            ContextInfo { mentioned_jid: vec!["5511@s.whatsapp.net".into()], ..ContextInfo::default() };
        let image = ImageMessage {
            media_key: Some(vec![0, 1, 2]),
            file_length: Some(46_278),
            media_key_timestamp: Some(1_795_000_000),
            view_once: Some(false),
            scan_lengths: vec![7, 300],
            context_info: MessageField::some(context),
            ..ImageMessage::default()
        };
        let message = Message { image_message: MessageField::some(image), ..Message::default() };
        assert_eq!(
            shape(&message),
            Some(
                json!({"imageMessage": {"mediaKey": "AAEC", "fileLength": 46278, "mediaKeyTimestamp": 1_795_000_000,
                "viewOnce": false, "scanLengths": [7, 300], "contextInfo": {"mentionedJid": ["5511@s.whatsapp.net"]}}})
            )
        );
    }

    #[test]
    fn enum_values_are_told_by_name() {
        let key = MessageKey { id: Some("X".into()), ..MessageKey::default() };
        let note = ProtocolMessage {
            r#type: Some(Type::REVOKE),
            key: MessageField::some(key),
            ..ProtocolMessage::default()
        };
        assert_eq!(shape(&note), Some(json!({"type": "REVOKE", "key": {"id": "X"}})));
    }
}
