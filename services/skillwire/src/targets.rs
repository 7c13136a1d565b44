//! The target table: what `skillwire run --target` can start. `all` is the list, not a path of its own.

use std::sync::Arc;

use anyhow::{Result, bail};
use skillwire_runtime::Work;
use skillwire_store::Migration;
use skillwire_web::Routes;

use crate::house::House;

/// A service as the binary sees it.
pub struct Target {
    /// Its name; also its PostgreSQL schema.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// Its schema.
    pub migrations: &'static [Migration],
    /// Its stages, by the names of their consumers.
    pub stages: &'static [&'static str],
    /// Makes it.
    pub create: fn(&House) -> Result<Made>,
}

/// A made service: loops to run and routes to serve.
pub struct Made {
    /// Loops.
    pub works: Vec<Arc<dyn Work>>,
    /// Pages and API.
    pub routes: Routes,
}

/// All services, in the order of the pipeline.
pub const TARGETS: &[Target] = &[
    Target {
        name: skillwire_directory::NAME,
        about: "partnerships, organizations, people, sign-in, tokens",
        migrations: skillwire_directory::MIGRATIONS,
        stages: &[],
        create: |house| {
            let service = house.directory();
            Ok(Made { works: service.works(), routes: service.routes() })
        },
    },
    Target {
        name: skillwire_intake::NAME,
        about: "takes submissions, gives receipts",
        migrations: skillwire_intake::MIGRATIONS,
        stages: &[],
        create: |house| {
            let service =
                skillwire_intake::Intake::create(house.parts(skillwire_intake::NAME), house.settings.intake.clone());
            Ok(Made { works: service.works(), routes: service.routes() })
        },
    },
    Target {
        name: skillwire_normalize::NAME,
        about: "makes needs of what was said",
        migrations: skillwire_normalize::MIGRATIONS,
        stages: &["normalize"],
        create: |house| {
            let service = skillwire_normalize::Normalize::create(
                house.parts(skillwire_normalize::NAME),
                house.settings.normalize.clone(),
            )?;
            Ok(Made { works: service.works(), routes: service.routes() })
        },
    },
    Target {
        name: skillwire_aggregate::NAME,
        about: "adds needs up to signals",
        migrations: skillwire_aggregate::MIGRATIONS,
        stages: &["aggregate", "aggregate-renormalized"],
        create: |house| {
            let service = skillwire_aggregate::Aggregate::create(
                house.parts(skillwire_aggregate::NAME),
                house.settings.aggregate.clone(),
            );
            Ok(Made { works: service.works(), routes: service.routes() })
        },
    },
    Target {
        name: skillwire_route::NAME,
        about: "finds who wants a signal",
        migrations: skillwire_route::MIGRATIONS,
        stages: &["route"],
        create: |house| {
            let service = house.route();
            Ok(Made { works: service.works(), routes: service.routes() })
        },
    },
    Target {
        name: skillwire_deliver::NAME,
        about: "sends mail and fills feeds",
        migrations: skillwire_deliver::MIGRATIONS,
        stages: &["deliver", "deliver-subscriptions"],
        create: |house| {
            let service = house.deliver()?;
            Ok(Made { works: service.works()?, routes: service.routes() })
        },
    },
];

/// The targets that a `--target` names; `all` names all.
pub fn chosen(names: &[String]) -> Result<Vec<&'static Target>> {
    if names.iter().any(|name| name == "all") {
        return Ok(TARGETS.iter().collect());
    }
    let mut chosen = Vec::new();
    for name in names {
        match TARGETS.iter().find(|target| target.name == name) {
            Some(target) => chosen.push(target),
            None => {
                let known: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
                bail!("there is no target '{name}'; give all, or some of {}", known.join(", "))
            }
        }
    }
    chosen.dedup_by_key(|target| target.name);
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_the_list_and_an_unknown_target_is_named() {
        assert_eq!(chosen(&["all".to_owned()]).unwrap().len(), TARGETS.len());
        assert_eq!(chosen(&["route".to_owned(), "deliver".to_owned()]).unwrap().len(), 2);
        let error = chosen(&["delivery".to_owned()]).err().unwrap().to_string();
        assert!(error.contains("'delivery'") && error.contains("deliver"), "{error}");
    }
}
