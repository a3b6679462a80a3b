//! Files on their way in: what lies, bursts or acts by itself is refused with the reason, and an upload that is cut goes on.

use super::works::{PDF, publish};
use super::*;
use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest as _, Sha256};
use std::io::{Cursor, Write as _};
use tokio::io::AsyncWriteExt as _;
use zip::write::{SimpleFileOptions, ZipWriter};

/// Where a program brings a file: what the form for a new resource has.
async fn ticket(teacher: &Client) -> Result<String> {
    let page = teacher.page("/mine/new", "en").await?;
    let (_, rest) = page.text.split_once("action=\"/_city/files/").context("no form for files")?;
    Ok(format!("/_city/files/{}/uploads", rest.split('"').next().unwrap_or_default()))
}

fn tus(teacher: &Client, method: Method, path: &str) -> reqwest::RequestBuilder {
    teacher.request(method, path).header("tus-resumable", "1.0.0")
}

/// Begins an upload; its address.
async fn begun(teacher: &Client, name: &str, size: usize) -> Result<String> {
    let named = format!("filename {}", BASE64.encode(name.as_bytes()));
    let created = tus(teacher, Method::POST, &ticket(teacher).await?).header("upload-length", size);
    let created = Answer::read(created.header("upload-metadata", named).send().await?).await?;
    ensure!(created.status == 201, "{} {}", created.status, created.text);
    Ok(created.header("location").to_owned())
}

async fn sent(teacher: &Client, at: &str, offset: usize, part: &[u8]) -> Result<Answer> {
    let patch = tus(teacher, Method::PATCH, at).header("upload-offset", offset);
    let patch = patch.header("content-type", "application/offset+octet-stream").body(part.to_vec());
    Answer::read(patch.send().await?).await
}

fn id_of(at: &str) -> Result<&str> {
    at.rsplit('/').next().context("no id")
}

/// Uploads it and begins a resource with it, as a teacher's program does; what was answered last.
async fn offered(teacher: &Client, name: &str, content: &[u8]) -> Result<Answer> {
    let at = begun(teacher, name, content.len()).await?;
    let brought = sent(teacher, &at, 0, content).await?;
    if brought.status != 204 {
        return Ok(brought);
    }
    let mut work = metadata(UNIT);
    work["key"] = json!(format!("work-{}", &HEXLOWER.encode(&Sha256::digest(content))[..16]));
    work["file"] = json!(id_of(&at)?);
    teacher.post("/api/works", &work).await
}

fn archive(entries: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default())?;
        zip.write_all(content)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// A PDF with this in its catalog.
fn pdf(acts: &str) -> Vec<u8> {
    String::from_utf8_lossy(PDF).replace("/Type /Catalog", &format!("/Type /Catalog {acts}")).into_bytes()
}

/// A PDF with these objects packed, where a search through its bytes does not find them.
fn packed_pdf(objects: &str) -> Result<Vec<u8>> {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(objects.as_bytes())?;
    let packed = packed.finish()?;
    let head = format!("<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length {} >>", packed.len());
    Ok([b"%PDF-1.5\n9 0 obj\n", head.as_bytes(), b"\nstream\n", &packed, b"\nendstream\nendobj\n%%EOF\n"].concat())
}

/// A PNG that says that it is so large.
fn picture(side: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend([side.to_be_bytes(), side.to_be_bytes()].concat());
    bytes.extend([8, 6, 0, 0, 0]);
    bytes.extend([0; 64]);
    bytes
}

/// Each is refused where its bytes are looked into, with a reason for programs and, for people, what was found.
#[tokio::test]
async fn files_that_lie_burst_or_act_by_themselves_are_refused_with_the_reason() -> Result<()> {
    let all = Schools::open(1).await?;
    all.curriculum().await?;
    let teacher = all.posted("teacher-1", "teacher", &school(1)).await?;
    let bomb = vec![0; 17 << 20];
    let inner = archive(&[("a.txt", b"a")])?;
    let encrypted = pdf("/Encrypt 9 0 R");
    for (name, content, reason, found) in [
        ("教案.pdf", picture(100), "lies-about-type", "image/png"),
        ("图.png", picture(65_536), "picture-bomb", "65536 × 65536"),
        ("素材.zip", archive(&[("零.bin", &bomb)])?, "zip-bomb", ""),
        ("素材.zip", archive(&[("../outside.txt", b"a")])?, "zip-path", "../outside.txt"),
        ("素材.zip", archive(&[("inner.zip", &inner)])?, "zip-nested", "inner.zip"),
        ("素材.zip", archive(&[("setup.exe", b"MZ")])?, "macros", "setup.exe"),
        ("课件.pdf", pdf("/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"), "pdf-script", "/JavaScript"),
        ("课件.pdf", pdf("/OpenAction << /S /URI /URI (http://example.org) >>"), "pdf-script", "/OpenAction"),
        ("课件.pdf", pdf("/A << /S /Launch /F (cmd.exe) >>"), "pdf-script", "/Launch"),
        ("课件.pdf", pdf("/AA << /WC 5 0 R >>"), "pdf-script", "/AA"),
        ("课件.pdf", pdf("/S /J#61vaScript"), "pdf-disguised", "J#61vaScript"),
        ("课件.pdf", packed_pdf("5 0 << /S /JavaScript /JS (app.alert(1)) >>")?, "pdf-script", "/JavaScript"),
        ("课件.pdf", encrypted, "pdf-encrypted", ""),
    ] {
        let problem = offered(&teacher, name, &content).await?.problem(422).context(reason)?;
        ensure!(text(&problem, "type")?.ends_with(":file") && problem["reason"] == reason, "{reason}: {problem}");
        ensure!(problem["errors"][0]["pointer"] == "/file", "{reason}: {problem}");
        ensure!(text(&problem, "detail")?.contains(found), "{reason} does not say `{found}`: {problem}");
    }
    nothing_is_left(&all, &teacher).await?;
    // What only looks dangerous is taken: a PDF that opens at a page, and an honest archive.
    for (name, content) in
        [("课件.pdf", pdf("/OpenAction [3 0 R /Fit]")), ("素材.zip", archive(&[("说明.txt", "说明".as_bytes())])?)]
    {
        let a = offered(&teacher, name, &content).await?;
        ensure!(a.status == 201, "{name}: {} {}", a.status, a.text);
    }
    Ok(())
}

/// The platform goes by the first bytes, whatever the name says; the app never sees such a file.
#[tokio::test]
async fn programs_and_pages_with_scripts_do_not_even_arrive() -> Result<()> {
    let all = Schools::open(1).await?;
    all.curriculum().await?;
    let teacher = all.posted("teacher-1", "teacher", &school(1)).await?;
    let program = [b"\x7fELF\x02\x01\x01".as_slice(), &[0; 64]].concat();
    for (name, content) in [
        ("图.png", program.as_slice()),
        ("课件.txt", b"<!DOCTYPE html><script>alert(1)</script>"),
        ("图.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
    ] {
        let problem = offered(&teacher, name, content).await?.problem(415)?;
        ensure!(problem["detail"].as_str().is_some_and(|d| d.contains("image/png")), "what is taken: {problem}");
    }
    nothing_is_left(&all, &teacher).await
}

/// Neither a draft nor anything to review, nor anything that somebody sees.
async fn nothing_is_left(all: &Schools, teacher: &Client) -> Result<()> {
    let reviewer = all.posted("school-2", "reviewer", &school(1)).await?;
    let anybody = all.city.client(APP)?;
    for (client, path) in [(teacher, "/api/works"), (&reviewer, "/api/reviews"), (&anybody, "/api/resources")] {
        let kept = seen(client, path).await?;
        ensure!(kept["items"].as_array().is_some_and(Vec::is_empty), "{path}: {kept}");
    }
    Ok(())
}

/// The form says the same, beside the field, and keeps what was typed.
#[tokio::test]
async fn a_form_with_a_file_that_acts_comes_back_with_the_reason_and_what_was_typed() -> Result<()> {
    let all = Schools::open(1).await?;
    all.curriculum().await?;
    let teacher = all.posted("teacher-1", "teacher", &school(1)).await?;
    let fields = works::fields(UNIT);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let a = upload(&teacher, "/mine/new", ("课件.pdf", &pdf("/A << /S /Launch >>")), &fields).await?;
    ensure!(a.status == 422 && a.text.contains("/Launch"), "{} {}", a.status, a.text);
    ensure!(a.text.contains("分数的初步认识"), "what was typed is lost: {}", a.text);
    nothing_is_left(&all, &teacher).await
}

/// A line breaks in the middle of a piece: what arrived is kept, the rest follows, and the file is the one that was sent.
#[tokio::test]
async fn an_upload_that_is_cut_in_the_middle_goes_on_and_is_published_whole() -> Result<()> {
    let all = Schools::open(1).await?;
    all.curriculum().await?;
    let teacher = all.posted("teacher-1", "teacher", &school(1)).await?;
    let lesson: String = (0..60_000).map(|n| format!("第 {n} 行\n")).collect();
    let lesson = lesson.as_bytes();
    let at = begun(&teacher, "讲稿.txt", lesson.len()).await?;
    ensure!(sent(&teacher, &at, 0, &lesson[..200_000]).await?.status == 204);

    let mut line = tokio::net::TcpStream::connect(("127.0.0.1", all.city.port())).await?;
    let head = format!(
        "PATCH {at} HTTP/1.1\r\nhost: {APP}.localhost:{}\r\nauthorization: Bearer {}\r\ntus-resumable: 1.0.0\r\n\
         upload-offset: 200000\r\ncontent-type: application/offset+octet-stream\r\ncontent-length: {}\r\n\r\n",
        all.city.port(),
        all.city.token("teacher-1").await?,
        lesson.len() - 200_000,
    );
    line.write_all(head.as_bytes()).await?;
    line.write_all(&lesson[200_000..350_000]).await?;
    drop(line);

    // The server notices the end of the line by itself; until then the upload is in use.
    let offset = yunlong_tests::eventually("the upload stands still", std::time::Duration::from_secs(15), async || {
        let looked = Answer::read(tus(&teacher, Method::HEAD, &at).send().await?).await?;
        let offset: usize = looked.header("upload-offset").parse().unwrap_or(0);
        Ok((looked.status == 200 && offset > 200_000).then_some(offset))
    })
    .await?;
    ensure!(offset <= 350_000, "{offset}");
    let gap = sent(&teacher, &at, offset + 1, &lesson[offset + 1..offset + 100]).await?;
    ensure!(gap.status == 409, "a gap is refused: {} {}", gap.status, gap.text);
    let early = json!({"key": "work-early", "title": "讲稿", "file": id_of(&at)?});
    let problem = teacher.post("/api/works", &early).await?.problem(404)?;
    ensure!(text(&problem, "type")?.ends_with(":not-found"), "half a file is no file: {problem}");
    let rest = sent(&teacher, &at, offset, &lesson[offset..]).await?;
    ensure!(rest.status == 204, "{} {}", rest.status, rest.text);

    let mut work = metadata(UNIT);
    work["key"] = json!("work-of-the-cut-line");
    work["file"] = json!(id_of(&at)?);
    let work = made(&teacher, "/api/works", &work).await?;
    ensure!(work["file"]["sha256"] == HEXLOWER.encode(&Sha256::digest(lesson)), "{work}");
    publish(&all, &teacher, &text(&work, "id")?).await?;
    let path = format!("/resources/{}/file", text(&work, "id")?);
    let whole = all.city.client(APP)?.request(Method::GET, &path).send().await?;
    ensure!(whole.status() == 200 && whole.bytes().await? == lesson, "what comes out is not what went in");
    Ok(())
}
