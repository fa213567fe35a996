//! The page on which people read the latest letters.

use std::fmt::Write;

use super::Letter;

/// The page, with everything that came from outside escaped.
pub(super) fn render(count: usize, letters: impl Iterator<Item = Letter>) -> String {
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Mailbox</title>\
         <style>body{font:16px system-ui;max-width:48rem;margin:2rem auto;padding:0 1rem}\
         article{border-top:1px solid #ccc;padding:.5rem 0}pre{white-space:pre-wrap}\
         small{color:#555}</style>",
    );
    // Writing into a string cannot fail.
    let _infallible = write!(page, "<h1>Mailbox</h1><p>{count} letters, the latest first</p>");
    for letter in letters {
        let _infallible = write!(
            page,
            "<article><h2>{}</h2><small>{} · from {} to {}</small><pre>{}</pre></article>",
            escape(&letter.subject),
            letter.at,
            escape(&letter.from),
            escape(&letter.to.join(", ")),
            escape(&letter.text),
        );
    }
    page.push_str("</html>\n");
    page
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_cannot_bring_its_own_script() {
        let hostile = "<script>alert(\"1\")</script>&".to_owned();
        let letter = Letter {
            id: uuid::Uuid::nil(),
            at: jiff::Timestamp::UNIX_EPOCH,
            from: hostile.clone(),
            to: vec![hostile.clone()],
            subject: hostile.clone(),
            message_id: hostile.clone(),
            text: hostile,
        };

        let page = render(1, std::iter::once(letter));

        assert!(!page.contains("<script"));
        assert_eq!(
            page.matches("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;").count(),
            4
        );
    }
}
