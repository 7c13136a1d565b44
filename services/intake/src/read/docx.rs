//! DOCX: the text of its paragraphs.

use super::{Context, Unreadable, html, zipped};

/// The text of a Word document, a line a paragraph.
pub(crate) fn text(bytes: &[u8], context: &Context) -> Result<String, Unreadable> {
    let mut archive = zipped::open(bytes, context)?;
    let Some(document) = zipped::part(&mut archive, "word/document.xml") else {
        return Err(Unreadable::new("docx", "there is no document in the file; save it again as .docx"));
    };
    let mut out = String::new();
    for paragraph in document.split("</w:p>") {
        // A list item's mark is not in its text; the reader of job descriptions looks for one.
        if paragraph.contains("<w:numPr") {
            out.push_str("• ");
        }
        let lined = paragraph.replace("<w:br/>", "\n").replace("<w:tab/>", " ");
        let start = lined.find("<w:t").unwrap_or(lined.len());
        out.push_str(html::strip(&lined[start..]).trim());
        out.push('\n');
    }
    Ok(out)
}
