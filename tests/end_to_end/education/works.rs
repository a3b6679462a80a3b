//! Uploads and reviews: acceptance lines 3 and 4.

use super::*;

pub(super) const PDF: &[u8] = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n";

pub(super) fn fields(node: &str) -> Vec<(&'static str, String)> {
    let all = metadata(node);
    let one = |name: &'static str| (name, all[name].as_str().unwrap_or_default().to_owned());
    let mut fields: Vec<_> =
        ["title", "stage", "subject", "type", "author", "copyright", "licence", "language", "node"].map(one).into();
    fields.extend([("keywords", "分数".to_owned()), ("audience", "learner".to_owned()), ("does", "save".to_owned())]);
    fields
}

/// A teacher's draft with a file; its number.
pub(super) async fn draft(teacher: &Client, node: &str, file: (&str, &[u8])) -> Result<String> {
    let fields = fields(node);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let a = upload(teacher, "/mine/new", file, &fields).await?;
    ensure!(a.status == 303, "{} {}", a.status, a.text);
    let id = a.header("location").strip_prefix("/works/").with_context(|| a.header("location").to_owned())?;
    Ok(id.to_owned())
}

/// Brings the film of a draft in another size.
pub(super) async fn add_film(teacher: &Client, id: &str, quality: &str, content: &[u8]) -> Result<()> {
    let fields = fields(UNIT);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let (field, file) = (format!("film-{quality}"), format!("{quality}.mp4"));
    let a =
        yunlong_tests::upload_all(teacher, &format!("/works/{id}/edit"), &[(&field, &file, content)], &fields).await?;
    ensure!(a.status == 303, "{quality}: {} {}", a.status, a.text);
    Ok(())
}

pub(super) async fn published(all: &Schools, teacher: &Client) -> Result<String> {
    let id = draft(teacher, UNIT, ("练习.txt", "一半和四分之一".as_bytes())).await?;
    publish(all, teacher, &id).await?;
    Ok(id)
}

/// Takes a draft through both reviews to the catalogue.
pub(super) async fn publish(all: &Schools, teacher: &Client, id: &str) -> Result<()> {
    let county = reviewed(all, teacher, id).await?;
    made(&county, &format!("/api/works/{id}/publish"), &json!({})).await?;
    Ok(())
}

/// Takes a draft through both reviews; the county's reviewer, who may publish it.
pub(super) async fn reviewed(all: &Schools, teacher: &Client, id: &str) -> Result<Client> {
    made(teacher, &format!("/api/works/{id}/submit"), &json!({})).await?;
    let school = all.posted("school-2", "reviewer", &school(1)).await?;
    let county = all.posted("education-county-1", "county", "320312").await?;
    let path = format!("/api/works/{id}/reviews");
    made(&school, &path, &json!({"level": "school", "passed": true})).await?;
    made(&county, &path, &json!({"level": "county", "passed": true})).await?;
    Ok(county)
}

/// Acceptance lines 3 and 4.
#[tokio::test]
async fn two_distinct_reviewers_publish_what_stands_in_the_curriculum_and_never_its_author() -> Result<()> {
    let all = Schools::open(1).await?;
    all.curriculum().await?;
    let teacher = all.posted("teacher-1", "teacher", &school(1)).await?;
    let anybody = all.city.client(APP)?;
    let id = draft(&teacher, "", ("练习.pdf", PDF)).await?;
    let submit = format!("/api/works/{id}/submit");
    let problem = teacher.post(&submit, &json!({})).await?.problem(422)?;
    ensure!(problem["errors"][0]["pointer"] == "/node", "the error stands at that field: {problem}");
    answered(&teacher, Method::PUT, &format!("/api/works/{id}"), Some(&metadata(UNIT))).await?;
    made(&teacher, &submit, &json!({})).await?;

    let reviews = format!("/api/works/{id}/reviews");
    // The author is a reviewer of the school, too, and one reviewer is at the school and in the county.
    all.holds("teacher-1", &["teacher", "school"]).await?;
    all.posted("teacher-1", "reviewer", &school(1)).await?;
    ensure!(refused(&teacher, &reviews, &json!({"level": "school", "passed": true})).await? == "own-work");
    all.holds("school-2", &["school", "county"]).await?;
    let reviewer = all.posted("school-2", "reviewer", &school(1)).await?;
    all.posted("school-2", "county", "320312").await?;
    made(&reviewer, &reviews, &json!({"level": "school", "passed": true})).await?;
    ensure!(refused(&reviewer, &reviews, &json!({"level": "county", "passed": true})).await? == "same-reviewer");
    let county = all.posted("education-county-1", "county", "320312").await?;
    county.post(&format!("/api/works/{id}/publish"), &json!({})).await?.problem(409)?;
    ensure!(anybody.get(&format!("/api/resources/{id}")).await?.status == 404, "it is not published yet");
    made(&county, &reviews, &json!({"level": "county", "passed": true})).await?;
    made(&county, &format!("/api/works/{id}/publish"), &json!({})).await?;
    let found = seen(&anybody, &format!("/api/resources?node={UNIT}")).await?;
    ensure!(found["items"].as_array().is_some_and(|i| i.len() == 1), "{found}");
    let page = anybody.page(&format!("/resources/{id}"), "zh").await?;
    ensure!(page.status == 200 && page.text.contains("分数的初步认识"), "{} {}", page.status, page.text);
    Ok(())
}
