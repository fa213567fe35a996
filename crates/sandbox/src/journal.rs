//! An append-only file of JSON lines that acknowledges after the fsync.
//!
//! One thread writes. It takes everything that waits, writes it at once, syncs once and then
//! answers all: the price of a sync is shared by the operations that came while the last one ran.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

/// The writing end of a journal.
#[derive(Clone)]
pub struct Journal {
    queue: mpsc::Sender<Record>,
}

/// A promise that a record is on the disk.
#[must_use = "a record is safe only when this was awaited"]
pub struct Written(oneshot::Receiver<()>);

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file cannot be read or written.
    #[error("the journal {path} failed")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A whole line is not what was written once.
    #[error("line {line} of the journal {path} cannot be read")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What the decoder says.
        source: serde_json::Error,
    },
    /// A record has no form as JSON.
    #[error("the record cannot be written as JSON")]
    Unwritable(#[from] serde_json::Error),
    /// An earlier write failed, so nothing is acknowledged any more.
    #[error("the journal has stopped")]
    Stopped,
}

struct Record {
    line: Vec<u8>,
    written: oneshot::Sender<()>,
}

impl Journal {
    /// Opens the journal at `path` and returns every record in it.
    ///
    /// A last line without its end was never acknowledged: it is cut off.
    pub fn open<T: DeserializeOwned>(path: &Path) -> Result<(Self, Vec<T>), JournalError> {
        let io = |source| JournalError::Io { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(io)?;
        }
        let mut file =
            OpenOptions::new().read(true).append(true).create(true).open(path).map_err(io)?;
        let (records, end) = read(path, &mut file)?;
        file.set_len(end).map_err(io)?;
        file.sync_all().map_err(io)?;

        let (queue, records_to_write) = mpsc::channel();
        let name = path.display().to_string();
        std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || {
                if let Err(error) = write(&mut file, &records_to_write) {
                    tracing::error!(journal = name, error = %error, "the journal stopped");
                }
            })
            .map_err(io)?;
        Ok((Self { queue }, records))
    }

    /// Queues a record. Records reach the file in the order of these calls.
    pub fn append<T: Serialize>(&self, record: &T) -> Result<Written, JournalError> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.queue(line)
    }

    /// Resolves when everything queued before is on the disk.
    pub fn settled(&self) -> Result<Written, JournalError> {
        self.queue(Vec::new())
    }

    fn queue(&self, line: Vec<u8>) -> Result<Written, JournalError> {
        let (written, receipt) = oneshot::channel();
        self.queue.send(Record { line, written }).map_err(|_| JournalError::Stopped)?;
        Ok(Written(receipt))
    }
}

impl Written {
    /// Waits for the disk.
    pub async fn wait(self) -> Result<(), JournalError> {
        self.0.await.map_err(|_| JournalError::Stopped)
    }
}

fn read<T: DeserializeOwned>(path: &Path, file: &mut File) -> Result<(Vec<T>, u64), JournalError> {
    let io = |source| JournalError::Io { path: path.to_owned(), source };
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    let mut reader = BufReader::new(file);
    let (mut records, mut end, mut line) = (Vec::new(), 0, Vec::new());
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line).map_err(io)?;
        if !line.ends_with(b"\n") {
            return Ok((records, end));
        }
        let record = serde_json::from_slice(&line).map_err(|source| JournalError::Corrupt {
            path: path.to_owned(),
            line: records.len() + 1,
            source,
        })?;
        records.push(record);
        end += length as u64;
    }
}

/// Ends with the first error: the receipts in hand are dropped, and nothing is acknowledged after a
/// failed sync, because the kernel may already have forgotten the pages (RELIABILITY F19).
fn write(file: &mut File, queue: &mpsc::Receiver<Record>) -> io::Result<()> {
    let (mut lines, mut receipts) = (Vec::new(), Vec::new());
    while let Ok(first) = queue.recv() {
        for record in std::iter::once(first).chain(queue.try_iter()) {
            lines.extend_from_slice(&record.line);
            receipts.push(record.written);
        }
        if !lines.is_empty() {
            file.write_all(&lines)?;
            file.sync_data()?;
        }
        lines.clear();
        for receipt in receipts.drain(..) {
            // Whoever hung up has no use for the receipt.
            let _gone = receipt.send(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_acknowledged_is_there_after_a_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/journal.jsonl");
        let (journal, nothing) = Journal::open::<String>(&path).unwrap();
        assert_eq!(nothing, Vec::<String>::new());
        let first = journal.append(&"first").unwrap();
        let second = journal.append(&"second").unwrap();
        second.wait().await.unwrap();
        first.wait().await.unwrap();

        let (_journal, records) = Journal::open::<String>(&path).unwrap();

        assert_eq!(records, ["first", "second"]);
    }

    #[tokio::test]
    async fn a_torn_last_line_is_cut_off_and_writing_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        std::fs::write(&path, "\"whole\"\n\"to").unwrap();

        let (journal, records) = Journal::open::<String>(&path).unwrap();
        journal.append(&"next").unwrap().wait().await.unwrap();

        assert_eq!(records, ["whole"]);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "\"whole\"\n\"next\"\n");
    }

    #[test]
    fn a_broken_line_in_the_middle_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        std::fs::write(&path, "\"whole\"\nbroken\n\"whole\"\n").unwrap();

        let error = Journal::open::<String>(&path).err().unwrap();

        assert!(matches!(error, JournalError::Corrupt { line: 2, .. }), "{error}");
    }
}
