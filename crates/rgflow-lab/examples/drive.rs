//! Throw-away.
use std::sync::Arc;
fn main() {
    let exp = rgflow_lab::experiment::ALL[0];
    let sets: Vec<String> = std::env::args().skip(2).collect();
    let table = rgflow_lab::artifact::settings::resolve(exp.recipe(), None, &sets).unwrap();
    exp.check(&table).unwrap();
    let seeds: Vec<u64> = (1..=std::env::var("SEEDS").map_or(1, |s| s.parse().unwrap())).collect();
    let opened = rgflow_lab::artifact::Run::open(
        std::path::Path::new(&std::env::args().nth(1).unwrap()),
        exp.name(),
        &table,
        &seeds,
        true,
        Arc::new(rgflow_lab::artifact::progress::Silent),
    )
    .unwrap();
    let run = match opened {
        rgflow_lab::artifact::Opened::Work(r) => r,
        _ => panic!("complete"),
    };
    let record = exp.run(&table, &run).unwrap();
    for a in &record.answers {
        println!("- {a}");
    }
    println!("{}", rgflow_lab::report::text::table(&record.summary));
    for s in &record.sections {
        for t in &s.tables {
            println!("{}", rgflow_lab::report::text::table(t));
        }
    }
    println!("{}", serde_json::to_string_pretty(&run.provenance()).unwrap());
    run.finish(&record).unwrap();
}
