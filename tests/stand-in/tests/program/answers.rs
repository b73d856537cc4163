use anyhow::Result;
use http::StatusCode;
use stand_in::grpc::{CallRequest, call};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use crate::process::StandIn;

const ENV: [(&str, &str); 3] =
    [("POD_NAME", "frontend-7d9c4b6f8d-x2kqz"), ("POD_UID", "0d7c1b8e"), ("STAND_IN_IMAGE", "frontend:v2")];

#[tokio::test]
async fn one_port_speaks_http_1_h2c_and_grpc() -> Result<()> {
    let frontend = StandIn::start(&ENV).await?;
    let (first, second) = (frontend.get("/").await?, frontend.get_h2c("/cart/view?item=1").await?);
    for (status, answer) in [&first, &second] {
        assert_eq!(*status, StatusCode::OK);
        assert_eq!(answer["standInFor"], "frontend");
        assert_eq!(answer["pod"], "frontend-7d9c4b6f8d-x2kqz");
        assert_eq!(answer["uid"], "0d7c1b8e");
        assert_eq!(answer["image"], "frontend:v2");
        assert_eq!(answer["host"], "shop.example.com");
    }
    assert_eq!((&first.1["path"], &second.1["path"]), (&"/".into(), &"/cart/view?item=1".into()));
    // What arrived is only shown where it is asked for.
    assert_eq!(first.1.get("headers"), None);
    let (_, echo) = frontend.get("/echo/deeper").await?;
    assert_eq!((&echo["headers"]["x-test"], &echo["path"]), (&"1".into(), &"/echo/deeper".into()));

    let channel = frontend.channel().await?;
    let health = HealthClient::new(channel.clone()).check(HealthCheckRequest::default()).await?.into_inner();
    assert_eq!(health.status(), ServingStatus::Serving);
    let reply = call(channel.clone(), CallRequest::default()).await?;
    assert_eq!((reply.stand_in_for.as_str(), reply.uid.as_str()), ("frontend", "0d7c1b8e"));
    let unknown = HealthClient::new(channel).check(HealthCheckRequest { service: "other".into() }).await.unwrap_err();
    assert_eq!(unknown.code(), tonic::Code::NotFound);
    Ok(())
}

#[tokio::test]
async fn a_slip_in_its_environment_ends_it() -> Result<()> {
    for slip in [("PORT", "http"), ("STAND_IN_ADDRESS", "here"), ("STAND_IN_ERROR_PERCENT", "101")] {
        assert!(StandIn::start(&[slip]).await.is_err_and(|error| error.to_string().contains("exit status: 2")));
    }
    Ok(())
}
