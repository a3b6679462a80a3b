//! Writes the pages of the book that come from a source. `cargo xtask book` runs it, and mdBook after it.

use anyhow::{Context, Result};

fn main() -> Result<()> {
    let root = yunlong_book::root();
    let pages = yunlong_book::contract::pages(&root)?;
    for page in pages.into_iter().chain(yunlong_book::manifest::pages()?) {
        let file = root.join(&page.file);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        std::fs::write(&file, page.text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}
