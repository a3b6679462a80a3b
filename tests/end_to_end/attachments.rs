//! Files at work on the real host: a photograph from a form through the gateway to an app in its sandbox and back, over
//! restarts and a kill.

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use yunlong_tests::{Answer, City, Client, Plan};

const APP: &str = "potholes";

fn picture(size: usize) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend((bytes.len()..size).map(|i| u8::try_from(i % 251).unwrap_or(0)));
    bytes
}

/// The address in the form of the page, as a browser reads it.
async fn action(citizen: &Client) -> Result<String> {
    let page = citizen.page("/report", "zh").await?;
    ensure!(page.status == 200, "{} {}", page.status, page.text);
    let (_, rest) = page.text.split_once("action=\"/_city/files/").context("no ticket in the form")?;
    let token = rest.split('"').next().context("no end")?;
    Ok(format!("/_city/files/{token}"))
}

/// Sends the form with a photograph.
async fn report(citizen: &Client, photo: &[u8]) -> Result<Answer> {
    let mut body = Vec::new();
    for (name, file, content) in [
        ("place", "", "淮海路 1 号".as_bytes()),
        ("text", "", "路面有坑".as_bytes()),
        ("photo", "; filename=\"坑洼.png\"", photo),
    ] {
        body.extend_from_slice(
            format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n").as_bytes(),
        );
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--b--\r\n");
    let sent = citizen.request(Method::POST, &action(citizen).await?);
    Answer::read(sent.header("content-type", "multipart/form-data; boundary=b").body(body).send().await?).await
}

/// The address of the photograph of the only report.
async fn photo(citizen: &Client) -> Result<String> {
    let list = citizen.page("/", "zh").await?;
    let (_, rest) = list.text.split_once("href=\"/reports/").context("no report")?;
    let page = citizen.page(&format!("/reports/{}", rest.split('"').next().unwrap_or("")), "zh").await?;
    let (_, rest) = page.text.split_once("src=\"/reports/").context("no photograph")?;
    Ok(format!("/reports/{}", rest.split('"').next().unwrap_or("")))
}

async fn bytes(citizen: &Client, path: &str, range: Option<&str>) -> Result<(u16, Vec<u8>)> {
    let mut request = citizen.request(Method::GET, path);
    if let Some(range) = range {
        request = request.header("range", range);
    }
    let answer = request.send().await?;
    Ok((answer.status().as_u16(), answer.bytes().await?.to_vec()))
}

async fn begun() -> Result<(City, Client)> {
    let city = Plan::with(&[APP]).citizens(2).start().await?;
    let citizen = city.signed_in(APP, "citizen-001").await?;
    Ok((city, citizen))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photograph_goes_with_its_report_and_comes_back_to_those_who_may_see_it() -> Result<()> {
    let (mut city, citizen) = begun().await?;
    let sent = picture(400_000);
    let made = report(&citizen, &sent).await?;
    ensure!(made.status == 303 && made.header("location") == "/?sent=1", "{} {}", made.status, made.text);
    let at = photo(&citizen).await?;
    ensure!(bytes(&citizen, &at, None).await? == (200, sent.clone()));
    ensure!(bytes(&citizen, &at, Some("bytes=100000-100099")).await? == (206, sent[100_000..100_100].to_vec()));
    let other = city.signed_in(APP, "citizen-002").await?;
    ensure!(bytes(&other, &at, None).await?.0 == 404);
    // Not acknowledged is not there; acknowledged is there, also behind a kill.
    city.kill();
    city.restart().await?;
    let citizen = city.signed_in(APP, "citizen-001").await?;
    ensure!(bytes(&citizen, &at, None).await? == (200, sent));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_behind_a_kill_of_the_server() -> Result<()> {
    let (mut city, citizen) = begun().await?;
    let sent = picture(900_000);
    let tus =
        |client: &Client, method: Method, path: &str| client.request(method, path).header("tus-resumable", "1.0.0");
    let created = tus(&citizen, Method::POST, &format!("{}/uploads", action(&citizen).await?));
    let created = created.header("upload-length", sent.len()).send().await?;
    ensure!(created.status() == 201, "{}", created.status());
    let at = created.headers()["location"].to_str()?.to_owned();
    let patch = |client: &Client, offset: usize, part: &[u8]| {
        tus(client, Method::PATCH, &at)
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream")
            .body(part.to_vec())
            .send()
    };
    ensure!(patch(&citizen, 0, &sent[..500_000]).await?.status() == 204);
    city.kill();
    city.restart().await?;
    let citizen = city.signed_in(APP, "citizen-001").await?;
    let looked = tus(&citizen, Method::HEAD, &at).send().await?;
    ensure!(looked.headers()["upload-offset"] == "500000", "{:?}", looked.headers());
    let done = patch(&citizen, 500_000, &sent[500_000..]).await?;
    ensure!(done.status() == 204 && done.headers()["upload-offset"] == "900000", "{:?}", done.headers());
    let id = at.rsplit('/').next().context("no id")?;
    let form = [("place", "淮海路 1 号"), ("text", "路面有坑"), ("photo", id)];
    let made = citizen.form("/report", &form).await?;
    ensure!(made.status == 303, "{} {}", made.status, made.text);
    ensure!(bytes(&citizen, &photo(&citizen).await?, None).await? == (200, sent));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_photograph_is_refused_and_nothing_is_reported() -> Result<()> {
    let (_city, citizen) = begun().await?;
    for (content, status) in [(&b"<svg onload='x'/>"[..], 415), (b"MZ\x90\0\x03\0\0\0", 415), (&picture(11 << 20), 413)]
    {
        let refused = report(&citizen, content).await?;
        ensure!(refused.status == status, "{} {}", refused.status, refused.text);
    }
    ensure!(citizen.page("/", "zh").await?.text.contains("没有上报"));
    Ok(())
}
