//! Packs, rolls and destinations as the store keeps them: in a compact form, packed.

use engine::stats::{Destination, Destinations, Pack, Roll};
use model::E164;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// How many destinations stand in one chunk.
pub(super) const CHUNK: usize = 8_192;
/// A day that would need more than this is not what was kept.
const MAX_BYTES: usize = 1 << 30;

/// What the store gave back is not what it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what was kept of call detail records cannot be read")]
pub(crate) struct Spoilt;

pub(super) fn pack_to_bytes(pack: &Pack) -> Vec<u8> {
    to_bytes(pack)
}

pub(super) fn pack_from_bytes(bytes: &[u8]) -> Result<Pack, Spoilt> {
    let pack: Pack = from_bytes(bytes)?;
    pack.is_sound().then_some(pack).ok_or(Spoilt)
}

pub(super) fn roll_to_bytes(roll: &Roll) -> Vec<u8> {
    to_bytes(roll)
}

/// `destinations`: how many there are.
pub(super) fn roll_from_bytes(bytes: &[u8], destinations: usize) -> Result<Roll, Spoilt> {
    let roll: Roll = from_bytes(bytes)?;
    roll.is_sound(destinations).then_some(roll).ok_or(Spoilt)
}

#[derive(Debug, Serialize, Deserialize)]
enum Kept {
    Number(u64),
    Internal(Box<str>),
    Text(Box<str>),
}

/// The destinations of one chunk, as many as there are yet.
pub(super) fn chunk_to_bytes(known: &Destinations, chunk: usize) -> Vec<u8> {
    let ids = (chunk * CHUNK..known.len().min((chunk + 1) * CHUNK)).map(|id| {
        let id = u32::try_from(id).unwrap_or(u32::MAX);
        match known.get(id) {
            Some(Destination::Number(number)) => Kept::Number(number.digits()),
            Some(Destination::Internal(text)) => Kept::Internal(text.into()),
            Some(Destination::Text(text)) => Kept::Text(text.into()),
            None => Kept::Text("".into()),
        }
    });
    to_bytes(&ids.collect::<Vec<_>>())
}

/// Adds the destinations of the next chunk.
pub(super) fn add_chunk(known: &mut Destinations, bytes: &[u8]) -> Result<(), Spoilt> {
    let kept: Vec<Kept> = from_bytes(bytes)?;
    for kept in kept {
        let (id, next) = (known.len(), |known: &Destinations| known.len());
        match &kept {
            Kept::Number(digits) => {
                let number = E164::from_digits(*digits).ok_or(Spoilt)?;
                known.add(Destination::Number(number), super::place::place);
            }
            Kept::Internal(text) => {
                known.add(Destination::Internal(text), |_| None);
            }
            Kept::Text(text) => {
                known.add(Destination::Text(text), |_| None);
            }
        }
        // One that comes twice would move all behind it.
        if next(known) != id + 1 {
            return Err(Spoilt);
        }
    }
    Ok(())
}

fn to_bytes(value: &impl Serialize) -> Vec<u8> {
    let bytes = postcard::to_stdvec(value).expect("columns and texts can be written");
    lz4_flex::compress_prepend_size(&bytes)
}

fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Spoilt> {
    let (size, _) = lz4_flex::block::uncompressed_size(bytes).map_err(|_| Spoilt)?;
    if size > MAX_BYTES {
        return Err(Spoilt);
    }
    let bytes = lz4_flex::decompress_size_prepended(bytes).map_err(|_| Spoilt)?;
    postcard::from_bytes(&bytes).map_err(|_| Spoilt)
}
