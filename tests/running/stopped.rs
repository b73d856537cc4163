//! A leader that was stopped for longer than its lease holds, and goes on as if nothing had been.

use anyhow::Result;

use crate::stand::Stand;

#[tokio::test]
async fn one_that_wakes_after_its_lease_writes_nothing() -> Result<()> {
    let stand = Stand::new("stopped").await?;
    let first = stand.start("first").await?;
    stand.leads("first").await?;
    for name in ["a", "b", "c", "d"] {
        stand.rig.apply(name, "{image: 'web:1'}").await?;
        stand.rig.ready(name).await?;
    }
    let second = stand.start("second").await?;
    stand.says(&second, "stands by").await?;

    first.process.signal("STOP")?;
    // Work that it will find when it wakes.
    for name in ["a", "b", "c", "d"] {
        stand.rig.apply(name, "{image: 'web:2'}").await?;
    }
    stand.leads("second").await?;
    for name in ["a", "b", "c", "d"] {
        stand.rig.ready(name).await?;
    }
    // And something that nobody has done yet: the second is stopped in its turn.
    second.process.signal("STOP")?;
    let mark = stand.rig.mark().await?;
    for name in ["a", "b", "c", "d"] {
        stand.rig.apply(name, "{image: 'web:3'}").await?;
    }
    first.process.signal("CONT")?;
    assert_eq!(stand.ended(&first).await?, "exit status 1");
    let sent = stand.rig.cluster.audit().since(mark).await?;
    assert_eq!(first.writes(&sent).summary(), [].into());

    // It starts again as a stand-by, and leads when it is its turn.
    let third = stand.start("third").await?;
    stand.leads("third").await?;
    for name in ["a", "b", "c", "d"] {
        stand.rig.ready(name).await?;
    }
    second.process.kill();
    third.process.check()
}
