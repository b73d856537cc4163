use anyhow::Result;
use http::{Method, StatusCode};
use stand_in::{
    control::Change,
    grpc::{CallRequest, call},
};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use crate::process::StandIn;

#[tokio::test]
async fn readiness_is_set_at_the_start_and_from_outside() -> Result<()> {
    let service = StandIn::start(&[("STAND_IN_READY", "false")]).await?;
    let mut health = HealthClient::new(service.channel().await?);
    assert_eq!(service.get("/_healthz").await?.0, StatusCode::SERVICE_UNAVAILABLE);
    let status = health.check(HealthCheckRequest::default()).await?.into_inner().status();
    assert_eq!(status, ServingStatus::NotServing);
    // What it is asked all the same it answers.
    assert_eq!(service.get("/").await?.0, StatusCode::OK);

    assert!(service.change(&Change { ready: Some(true), ..Change::default() }).await?.ready);
    assert_eq!(service.get("/_healthz").await?.0, StatusCode::OK);
    let status = health.check(HealthCheckRequest::default()).await?.into_inner().status();
    assert_eq!(status, ServingStatus::Serving);
    Ok(())
}

#[tokio::test]
async fn errors_spare_health_and_control() -> Result<()> {
    let service = StandIn::start(&[("STAND_IN_ERROR_PERCENT", "50")]).await?;
    let mut failed = 0;
    for _ in 0..10 {
        failed += usize::from(service.get("/").await?.0 == StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(service.get("/_healthz").await?.0, StatusCode::OK);
    }
    assert_eq!(failed, 5);
    service.change(&Change { error_percent: Some(100), ..Change::default() }).await?;
    let status = call(service.channel().await?, CallRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Internal);
    Ok(())
}

#[tokio::test]
async fn an_answer_takes_at_least_the_latency() -> Result<()> {
    let service = StandIn::start(&[("STAND_IN_LATENCY_MILLIS", "300")]).await?;
    let start = std::time::Instant::now();
    service.get("/").await?;
    // No measure of speed: it cannot be sooner.
    assert!(start.elapsed().as_millis() >= 300);
    Ok(())
}

#[tokio::test]
async fn memory_is_taken_and_given_back() -> Result<()> {
    let service = StandIn::start(&[]).await?;
    let resident = || -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", service.process.id().unwrap()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? >> 10)
    };
    let before = resident()?;
    service.change(&Change { memory_mib: Some(64), ..Change::default() }).await?;
    assert!(resident()? >= before + 64, "{before}, then {}", resident()?);
    service.change(&Change { memory_mib: Some(0), ..Change::default() }).await?;
    assert!(resident()? < before + 32, "{before}, then {}", resident()?);
    Ok(())
}

#[tokio::test]
async fn it_ends_as_it_is_told() -> Result<()> {
    let mut service = StandIn::start(&[]).await?;
    let answer = service.change(&Change { exit: Some(7), ..Change::default() }).await;
    assert!(answer.is_err(), "a crash answers nothing: {answer:?}");
    assert_eq!(service.end().await?, Some(7));
    let error = StandIn::start(&[("STAND_IN_EXIT", "3")]).await.err().unwrap();
    assert!(error.to_string().contains("exit status: 3"), "{error}");
    Ok(())
}

#[tokio::test]
async fn what_is_not_understood_changes_nothing() -> Result<()> {
    let service = StandIn::start(&[]).await?;
    for body in ["", "{", r#"{"redy": false}"#, r#"{"errorPercent": 101}"#] {
        let (status, answer) = service.ask(Method::PUT, "/control", body).await?;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}: {answer}");
    }
    let (_, behaviour) = service.get("/control").await?;
    assert!(behaviour["ready"] == true && behaviour["errorPercent"] == 0, "{behaviour}");
    Ok(())
}
