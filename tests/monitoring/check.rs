//! What an expression selects, and which labels its result carries: as far as this can be told without any data.

use std::collections::BTreeSet;

use promql_parser::{
    label::{MatchOp, Matcher},
    parser::{
        AggregateExpr, BinaryExpr, Call, Expr, LabelModifier, MatrixSelector, ParenExpr, SubqueryExpr, UnaryExpr,
        VectorSelector, parse,
    },
};

use crate::metrics::{Kind, Label, Metric, metric_names};

/// What a scrape by a PodMonitor or ServiceMonitor adds to every sample.
const TARGET: [&str; 8] = ["namespace", "pod", "job", "instance", "container", "endpoint", "service", "prometheus"];

/// What is known of an expression.
#[derive(Debug, Default)]
pub struct Known {
    /// The labels that its result may carry; none for a number.
    pub labels: Option<BTreeSet<String>>,
    /// The metrics that it selects.
    pub metrics: BTreeSet<&'static str>,
}

/// Parses an expression, and follows its labels. Variables of dashboards must be filled in.
pub fn check(text: &str) -> Result<Known, String> {
    let expression = parse(text).map_err(|error| format!("does not parse: {error}"))?;
    follow(&expression)
}

fn follow(expression: &Expr) -> Result<Known, String> {
    match expression {
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => Ok(Known::default()),
        Expr::VectorSelector(selector) => select(selector, false),
        Expr::MatrixSelector(MatrixSelector { vs, .. }) => select(vs, true),
        Expr::Paren(ParenExpr { expr })
        | Expr::Unary(UnaryExpr { expr })
        | Expr::Subquery(SubqueryExpr { expr, .. }) => follow(expr),
        Expr::Aggregate(aggregate) => group(aggregate),
        Expr::Binary(binary) => join(binary),
        Expr::Call(call) => apply(call),
        Expr::Extension(_) => Err("an extension of PromQL".into()),
    }
}

/// A selector: its metric exists, is asked for as what it is, and has the labels and values that are asked for.
fn select(selector: &VectorSelector, over_time: bool) -> Result<Known, String> {
    let name = selector.name.as_deref().ok_or("a selector without the name of a metric")?;
    let (metric, part) = find(name).ok_or_else(|| format!("there is no metric {name}"))?;
    let grows = metric.kind == Kind::Counter || part.is_some();
    if grows != over_time {
        let how = if grows { "grows: take rate or increase of it" } else { "does not grow: no rate of it" };
        return Err(format!("{name} {how}"));
    }
    let mut labels: BTreeSet<String> = TARGET.iter().map(|label| (*label).to_owned()).collect();
    labels.extend(metric.labels.iter().map(|(label, _)| (*label).to_owned()));
    if part == Some("_bucket") {
        labels.insert("le".into());
    }
    if !selector.matchers.or_matchers.is_empty() {
        return Err(format!("{name}: alternatives of matchers"));
    }
    for matcher in &selector.matchers.matchers {
        if !labels.contains(&matcher.name) {
            return Err(format!("{name} has no label {}", matcher.name));
        }
        let known = metric.labels.iter().find(|(label, values)| *label == matcher.name && !values.is_empty());
        known.map_or(Ok(()), |label| value(name, matcher, label))?;
    }
    Ok(Known { labels: Some(labels), metrics: BTreeSet::from([metric.name]) })
}

/// A metric by the name of a sample, and which part of a histogram it is.
fn find(sample: &str) -> Option<(Metric, Option<&'static str>)> {
    metric_names().into_iter().find_map(|metric| match metric.kind {
        Kind::Histogram => ["_bucket", "_sum", "_count"]
            .into_iter()
            .find(|part| sample.strip_suffix(part) == Some(metric.name))
            .map(|part| (metric.clone(), Some(part))),
        _ => (metric.name == sample).then_some((metric, None)),
    })
}

/// Whether a matcher tells some of the known values from others; every word of a plain alternative must be one.
fn value(name: &str, matcher: &Matcher, (label, values): &Label) -> Result<(), String> {
    let words: Vec<&str> = match matcher.op {
        MatchOp::Equal | MatchOp::NotEqual => vec![&matcher.value],
        MatchOp::Re(_) | MatchOp::NotRe(_) => matcher.value.split('|').collect(),
    };
    match words.into_iter().find(|word| !values.contains(word)) {
        Some(word) => Err(format!("{label} of {name} is never {word:?}, but one of {values:?}")),
        None => Ok(()),
    }
}

fn group(aggregate: &AggregateExpr) -> Result<Known, String> {
    let inner = follow(&aggregate.expr)?;
    let labels = inner.labels.ok_or("an aggregation of a number")?;
    let left = match &aggregate.modifier {
        None => BTreeSet::new(),
        Some(LabelModifier::Include(by)) => has(&labels, &by.labels, "by")?,
        Some(LabelModifier::Exclude(without)) => {
            let gone = has(&labels, &without.labels, "without")?;
            labels.difference(&gone).cloned().collect()
        }
    };
    Ok(Known { labels: Some(left), metrics: inner.metrics })
}

fn has(labels: &BTreeSet<String>, wanted: &[String], word: &str) -> Result<BTreeSet<String>, String> {
    match wanted.iter().find(|label| !labels.contains(*label)) {
        Some(label) => Err(format!("{word} ({label}): what it is about has no such label, only {labels:?}")),
        None => Ok(wanted.iter().cloned().collect()),
    }
}

/// Two sides: without `on` or `ignoring` they must carry the same labels, or nothing ever matches.
fn join(binary: &BinaryExpr) -> Result<Known, String> {
    let (left, right) = (follow(&binary.lhs)?, follow(&binary.rhs)?);
    let metrics = left.metrics.union(&right.metrics).copied().collect();
    let labels = match (left.labels, right.labels) {
        (Some(left), Some(right)) => {
            match binary.modifier.as_ref().and_then(|modifier| modifier.matching.as_ref()) {
                Some(LabelModifier::Include(on)) => {
                    has(&left, &on.labels, "on")?;
                    has(&right, &on.labels, "on")?;
                }
                Some(LabelModifier::Exclude(_)) => {}
                None if left != right => return Err(format!("{left:?} never matches {right:?}")),
                None => {}
            }
            Some(left)
        }
        (left, right) => left.or(right),
    };
    Ok(Known { labels, metrics })
}

fn apply(call: &Call) -> Result<Known, String> {
    let mut whole = Known::default();
    for argument in &call.args.args {
        let known = follow(argument)?;
        whole.metrics.extend(known.metrics);
        whole.labels = whole.labels.or(known.labels);
    }
    match call.func.name {
        "absent" => whole.labels = Some(BTreeSet::new()),
        "histogram_quantile" => {
            let le = whole.labels.as_mut().is_some_and(|labels| labels.remove("le"));
            if !le {
                return Err("histogram_quantile needs the label le".into());
            }
        }
        _ => {}
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_can_be_evaluated_is_accepted() {
        for (text, labels) in [
            ("max by (namespace) (microservice_operator_leader) == 0", Some(1)),
            ("absent(microservice_operator_build_info)", Some(0)),
            (
                "sum by (result) (rate(microservice_operator_reconciles_total{result=~\"failed|panicked\"}[5m]))",
                Some(1),
            ),
            (
                "histogram_quantile(0.9, sum by (le) (rate(microservice_operator_queue_wait_seconds_bucket[5m])))",
                Some(0),
            ),
            (
                "rate(microservice_operator_queue_wait_seconds_sum[5m]) / rate(microservice_operator_queue_wait_seconds_count[5m])",
                Some(8),
            ),
            ("time()", None),
        ] {
            let known = check(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(known.labels.map(|labels| labels.len()), labels, "{text}");
        }
    }

    #[test]
    fn what_can_never_be_is_refused() {
        for (text, words) in [
            ("sum(", "does not parse"),
            ("microservice_operator_leaders", "there is no metric"),
            ("up == 0", "there is no metric"),
            ("microservice_operator_queue_wait_seconds", "there is no metric"),
            ("microservice_operator_leader_total", "there is no metric"),
            ("{job=\"x\"}", "without the name"),
            ("microservice_operator_leader{tenant=\"a\"}", "has no label tenant"),
            ("microservice_operator_queue_depth{priority=\"high\"}", "is never \"high\""),
            ("rate(microservice_operator_reconciles_total{result=~\"failed|timeout\"}[5m])", "is never \"timeout\""),
            ("microservice_operator_reconciles_total > 5", "grows"),
            ("rate(microservice_operator_leader[5m])", "does not grow"),
            ("sum by (service_name) (microservice_operator_leader)", "has no such label"),
            ("sum by (pod) (sum by (namespace) (microservice_operator_leader))", "has no such label"),
            (
                "histogram_quantile(0.9, sum by (pod) (rate(microservice_operator_queue_wait_seconds_bucket[5m])))",
                "needs the label le",
            ),
            ("sum by (pod) (microservice_operator_leader) / sum(microservice_operator_leader)", "never matches"),
        ] {
            let error = check(text).expect_err(text);
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
