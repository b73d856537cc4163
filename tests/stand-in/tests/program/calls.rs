use anyhow::Result;
use stand_in::{
    calls::Call,
    grpc::{CallRequest, call},
};

use crate::process::StandIn;

fn name(call: &Call) -> &str {
    call.identity.as_ref().map_or("", |identity| identity.stand_in_for.as_str())
}

#[tokio::test]
async fn the_tree_of_calls_follows_the_addresses_in_the_environment() -> Result<()> {
    // A port that nobody listens on: it was free a moment ago, and is asked for by nobody else.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let shop = StandIn::start(&[("STAND_IN_NAME", "shop"), ("CART_SERVICE_ADDR", &nobody)]).await?;
    let cart = StandIn::start(&[("STAND_IN_NAME", "cart"), ("SHOP_ADDR", &shop.at())]).await?;
    let ads = StandIn::start(&[("STAND_IN_NAME", "ads")]).await?;
    let frontend = StandIn::start(&[
        ("STAND_IN_NAME", "shop"),
        ("CART_SERVICE_ADDR", &cart.at()),
        ("AD_SERVICE_ADDR", &ads.at()),
        ("GONE_SERVICE_ADDR", &nobody),
        ("NAMELESS_ADDR", "no-such-name.invalid:80"),
    ])
    .await?;

    let tree: Call = serde_json::from_value(frontend.get("/call").await?.1)?;
    assert_eq!((name(&tree), tree.address.as_str()), ("shop", ""));
    let [ad, cart_call, gone, nameless] = tree.calls.as_slice() else { panic!("{tree:?}") };
    assert_eq!((name(ad), &ad.address, ad.calls.len()), ("ads", &ads.at(), 0));
    assert_eq!((name(cart_call), &cart_call.address), ("cart", &cart.at()));
    // The shop is called again, and does not call on.
    let [again] = cart_call.calls.as_slice() else { panic!("{tree:?}") };
    assert!(name(again) == "shop" && again.cycle && again.calls.is_empty(), "{again:?}");
    for (failed, words) in [(gone, "cannot connect"), (nameless, "no-such-name.invalid")] {
        assert!(failed.identity.is_none() && failed.error.as_ref().is_some_and(|e| e.contains(words)), "{failed:?}");
    }

    // As deep as is asked for, over gRPC too.
    let flat: Call = serde_json::from_value(frontend.get("/call?depth=0").await?.1)?;
    assert_eq!(flat.calls, []);
    let reply = call(frontend.channel().await?, CallRequest { depth: 1 }).await?;
    let tree: Call = serde_json::from_str(&reply.tree)?;
    assert_eq!(tree.calls.iter().map(name).collect::<Vec<_>>(), ["ads", "cart", "", ""]);
    assert!(tree.calls.iter().all(|call| call.calls.is_empty()));
    Ok(())
}
