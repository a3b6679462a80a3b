//! Captions of films (WCAG 1.2.2): brought in one form with the film, refused with the line that is wrong, read by whoever
//! may see the film, and gone with it.

use super::*;
use yunlong_tests::upload_all;

const CAPTIONS: &str =
    "WEBVTT\n\n00:01.000 --> 00:03.500\n把一张纸对折，每份是它的二分之一。\n\n00:04.000 --> 00:07.000\n（翻纸声）\n";

/// A box of ISO 14496-12.
fn part(kind: &[u8; 4], content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let size = u32::try_from(content.len() + 8).unwrap_or(u32::MAX);
    [&size.to_be_bytes()[..], kind, &content].concat()
}

/// A film of eight seconds with sound: a container that says so, and nothing that moves.
fn talking_film() -> Vec<u8> {
    let track = |of: &[u8]| {
        let handler = part(b"hdlr", &[&[0; 8], of, &[0; 12]]);
        part(b"trak", &[&part(b"mdia", &[&handler])])
    };
    let length = part(b"mvhd", &[&[0; 12], &1000_u32.to_be_bytes(), &8000_u32.to_be_bytes(), &[0; 80]]);
    let head = part(b"ftyp", &[b"isom", &512_u32.to_be_bytes(), b"isom"]);
    [head, part(b"moov", &[&length, &track(b"vide"), &track(b"soun")])].concat()
}

async fn bring(teacher: &Client, path: &str, captions: &str) -> Result<Answer> {
    let fields = works::fields(UNIT);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let film = talking_film();
    let files = [("file", "分数.mp4", &film[..]), ("captions-zh-CN", "分数.vtt", captions.as_bytes())];
    upload_all(teacher, path, &files, &fields).await
}

#[tokio::test]
async fn captions_come_with_their_film_are_served_beside_it_and_go_with_it() -> Result<()> {
    let all = Schools::open(1).await?;
    all.curriculum().await?;
    let teacher = all.posted("teacher-1", "teacher", &school(1)).await?;
    let a = bring(&teacher, "/mine/new", CAPTIONS).await?;
    ensure!(a.status == 303, "{} {}", a.status, a.text);
    let id = a.header("location").strip_prefix("/works/").context("no work")?.to_owned();
    let draft = seen(&teacher, &format!("/api/works/{id}")).await?;
    ensure!(draft["captions"][0]["language"] == "zh-CN", "{draft}");

    let anybody = all.city.client(APP)?;
    let path = format!("/resources/{id}/captions/zh-CN");
    ensure!(anybody.page(&path, "zh").await?.status == 404, "a draft's captions are read by nobody else");
    works::publish(&all, &teacher, &id).await?;
    let page = anybody.page(&format!("/resources/{id}"), "zh").await?;
    ensure!(page.text.contains(&format!("<track kind=\"captions\" src=\"{path}\"")), "{}", page.text);
    let served = Answer::read(anybody.request(Method::GET, &path).send().await?).await?;
    ensure!(served.status == 200 && served.text == CAPTIONS, "{} {}", served.status, served.text);
    ensure!(served.header("content-type") == "text/vtt; charset=utf-8", "{:?}", served.headers);
    ensure!(anybody.page(&format!("/resources/{id}/captions/en"), "en").await?.status == 404);

    let mut changed = metadata(UNIT);
    changed["captions"] = json!({"zh-CN": null});
    let a = teacher.send(Method::PUT, &format!("/api/works/{id}"), Some(&changed)).await?;
    a.problem(409).context("what is published is not changed")?;

    let county = all.posted("education-county-1", "county", "320312").await?;
    made(&county, &format!("/api/works/{id}/withdraw"), &json!({"reason": "授权有争议"})).await?;
    ensure!(anybody.page(&path, "zh").await?.status == 410);
    Ok(())
}

#[tokio::test]
async fn captions_that_a_player_would_pass_over_are_refused_with_their_line() -> Result<()> {
    let all = Schools::open(1).await?;
    all.curriculum().await?;
    let teacher = all.posted("teacher-1", "teacher", &school(1)).await?;
    let wrong = [
        (CAPTIONS.replace("00:03.500", "00:00.500"), "第 3 行"),
        (CAPTIONS.replace("00:07.000", "00:19.000"), "第 6 行"),
        (CAPTIONS.replace("（翻纸声）", "<script>alert(1)</script>"), "第 7 行"),
        (CAPTIONS.replace("WEBVTT", "1"), "第 1 行"),
    ];
    for (captions, line) in wrong {
        let a = bring(&teacher, "/mine/new", &captions).await?;
        ensure!(a.status == 422 && a.text.contains(line), "{line}: {} {}", a.status, a.text);
    }
    ensure!(seen(&teacher, "/api/works").await?["items"] == json!([]), "nothing was made");
    Ok(())
}
