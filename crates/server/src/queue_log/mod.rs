//! The history of a centre that comes from `app_queue`: Asterisk's `queue_log` becomes calls of our own log.
//!
//! The plain file (`time|callid|queue|agent|event|data…`) and CSV dumps of its realtime table are read line by line; a line
//! that is refused is reported and does not stop the others. However long a file is, what is held of it is the calls that
//! have not ended, within a bound. Nothing is estimated: what the log does not say of a call stays empty.
//!
//! Rules that are ours and not obvious:
//! - A call is one stay in one queue. Whoever goes on to another queue is a call there too, as reports of `app_queue` have it.
//! - Only a call whose `ENTERQUEUE` and end stand in the files is taken. Give rotated files together, the oldest first.
//! - Its id follows from server, callid, queue and the moment it entered, so that a second import changes nothing.
//! - A queue or an agent that is not known is made, switched off, so that the history has names.
//! - The log's own durations count where its clock jumps.

mod calls;
mod entry;
mod import;
mod lines;
mod names;
mod report;
#[cfg(test)]
mod tests;

pub use import::{Import, Source, Task};
pub use report::{Kind, Line, Report};

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;
use model::Invalid;
use store::StoreError;

/// What gzip files begin with.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// A file as it was before it was packed, if it was.
pub fn unpacked<'f>(mut file: impl BufRead + 'f) -> io::Result<Box<dyn Read + 'f>> {
    Ok(if file.fill_buf()?.starts_with(GZIP) {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    })
}

/// Why a file could not be taken in.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// In words for whoever made the file.
    #[error("{0}")]
    Header(String),
    #[error("the log names more than {0} queues or agents that are not known here")]
    TooManyNames(usize),
    #[error(transparent)]
    Name(#[from] Invalid),
    #[error(transparent)]
    Store(#[from] StoreError),
}
