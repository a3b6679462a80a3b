//! The connection to S3: an HTTP client over hyper and the TLS (ring, public roots) that the platform
//! has, in place of the one that `object_store` would bring along.

use super::{BlobError, ObjectBlobs};
use async_trait::async_trait;
use http_body_util::BodyExt as _;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as TcpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use object_store::ClientOptions;
use object_store::aws::AmazonS3Builder;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse, HttpResponseBody,
    HttpService,
};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::rustls::crypto::ring;
use zeroize::Zeroizing;

/// How long a server may take to begin its answer. What takes longer is tried again.
const ANSWER: Duration = Duration::from_secs(60);

/// Where a bucket is, and who reads and writes it.
#[derive(Clone)]
pub struct S3 {
    /// The bucket.
    pub bucket: String,
    /// The region, such as `cn-north-1`; servers of one's own often say `us-east-1`.
    pub region: String,
    /// Scheme, host and port of a server that is not AWS's. Without TLS only where it says `http:`.
    pub endpoint: Option<String>,
    /// What stands before all names in the bucket; may be empty.
    pub prefix: String,
    /// The access key's id.
    pub key_id: String,
    /// The access key.
    pub key: Zeroizing<String>,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bucket, region, endpoint, prefix, .. } = self;
        write!(f, "S3({bucket:?} in {region:?} at {endpoint:?}, prefix {prefix:?})")
    }
}

impl ObjectBlobs {
    /// Blobs in a bucket. Nothing is sent yet.
    ///
    /// # Errors
    /// [`BlobError::Io`] when the address cannot be one.
    pub fn s3(at: &S3) -> Result<Self, BlobError> {
        let mut builder = AmazonS3Builder::new()
            .with_http_connector(Connector)
            .with_bucket_name(&at.bucket)
            .with_region(&at.region)
            .with_access_key_id(&at.key_id)
            .with_secret_access_key(&*at.key);
        if let Some(endpoint) = &at.endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
        }
        Ok(Self::new(Arc::new(builder.build().map_err(BlobError::io)?), &at.prefix))
    }
}

#[derive(Debug)]
struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        // Named, since a process that has two providers of cryptography has no default one.
        let tls = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(ring::default_provider())
            .map_err(|e| object_store::Error::Generic { store: "S3", source: Box::new(e) })?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(60))
            .build(tls);
        Ok(HttpClient::new(Service(client)))
    }
}

#[derive(Debug)]
struct Service(Client<HttpsConnector<TcpConnector>, HttpRequestBody>);

#[async_trait]
impl HttpService for Service {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let response = tokio::time::timeout(ANSWER, self.0.request(request))
            .await
            .map_err(|e| HttpError::new(HttpErrorKind::Timeout, e))?
            .map_err(|e| {
                let kind = if e.is_connect() { HttpErrorKind::Connect } else { HttpErrorKind::Request };
                HttpError::new(kind, e)
            })?;
        Ok(response.map(|body| HttpResponseBody::new(body.map_err(|e| HttpError::new(HttpErrorKind::Interrupted, e)))))
    }
}
