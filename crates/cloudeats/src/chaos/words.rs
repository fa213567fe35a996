//! What a process writes in its log, from now on.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use crate::process::length;

const LOOK: Duration = Duration::from_millis(50);

/// A log that is read as it grows.
#[derive(Debug)]
pub(super) struct Words {
    log: PathBuf,
    read: usize,
}

impl Words {
    pub(super) fn from_now(log: PathBuf) -> Self {
        let read = usize::try_from(length(&log)).unwrap_or_default();
        Self { log, read }
    }

    /// Waits until these words are said.
    pub(super) async fn say(&mut self, words: &str, within: Duration) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < within {
            let new = self.unread();
            if let Some(at) = new.windows(words.len()).position(|it| it == words.as_bytes()) {
                self.read += at + words.len();
                return true;
            }
            tokio::time::sleep(LOOK).await;
        }
        false
    }

    /// What was written since somebody last asked, up to the last whole line.
    pub(super) fn lines(&mut self) -> String {
        let mut new = self.unread();
        new.truncate(new.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
        self.read += new.len();
        String::from_utf8_lossy(&new).into_owned()
    }

    fn unread(&mut self) -> Vec<u8> {
        let mut log = std::fs::read(&self.log).unwrap_or_default();
        // A log that has become shorter was begun anew.
        if self.read > log.len() {
            self.read = 0;
        }
        log.split_off(self.read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_log_is_read_once_and_by_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("x.log");
        std::fs::write(&log, "before\n").unwrap();
        let mut words = Words::from_now(log.clone());
        assert_eq!(words.lines(), "");
        std::fs::write(&log, "before\none\ntw").unwrap();
        assert_eq!(words.lines(), "one\n");
        std::fs::write(&log, "before\none\ntwo\nthree\n").unwrap();
        assert!(words.say("two\n", Duration::from_mins(1)).await);
        assert_eq!(words.lines(), "three\n");
        std::fs::write(&log, "anew\n").unwrap();
        assert_eq!(words.lines(), "anew\n");
    }
}
