//! What a role may do: one table.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillwire_schemas::partnership::Role;
use utoipa::ToSchema;

/// Something that somebody may or may not do. Also the scopes of API tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Send submissions.
    SubmitNeeds,
    /// Read needs and submissions: one's own, staff all.
    ReadNeeds,
    /// Read signals.
    ReadSignals,
    /// Make subscriptions.
    Subscribe,
    /// Read deliveries: one's own, staff all.
    ReadDeliveries,
    /// Run the partnership: people, organizations, curation.
    ManagePartnership,
    /// Run the installation.
    Operate,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::SubmitNeeds,
        Self::ReadNeeds,
        Self::ReadSignals,
        Self::Subscribe,
        Self::ReadDeliveries,
        Self::ManagePartnership,
        Self::Operate,
    ];

    /// The word used in tokens and documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SubmitNeeds => "submit_needs",
            Self::ReadNeeds => "read_needs",
            Self::ReadSignals => "read_signals",
            Self::Subscribe => "subscribe",
            Self::ReadDeliveries => "read_deliveries",
            Self::ManagePartnership => "manage_partnership",
            Self::Operate => "operate",
        }
    }
}

impl std::fmt::Display for Permission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Permission {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|p| p.as_str() == text).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|p| p.as_str()).collect();
            format!("'{text}' is no permission; one of {}", known.join(", "))
        })
    }
}

const fn of(role: Role) -> &'static [Permission] {
    use Permission::{ManagePartnership, Operate, ReadDeliveries, ReadNeeds, ReadSignals, SubmitNeeds, Subscribe};
    match role {
        Role::EmployerContact => &[SubmitNeeds, ReadNeeds, ReadSignals],
        Role::Champion => &[ReadSignals],
        Role::Subscriber => &[ReadSignals, Subscribe, ReadDeliveries],
        Role::Staff => &[SubmitNeeds, ReadNeeds, ReadSignals, Subscribe, ReadDeliveries, ManagePartnership],
        Role::Operator => &[Operate, ReadDeliveries, ReadSignals],
    }
}

/// What these roles may do together.
#[must_use]
pub fn allowed(roles: &BTreeSet<Role>) -> BTreeSet<Permission> {
    roles.iter().flat_map(|role| of(*role)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_this_one() {
        use Permission::{ManagePartnership, Operate, ReadDeliveries, ReadNeeds, ReadSignals, SubmitNeeds, Subscribe};
        let wanted = [
            (Role::EmployerContact, vec![SubmitNeeds, ReadNeeds, ReadSignals]),
            (Role::Champion, vec![ReadSignals]),
            (Role::Subscriber, vec![ReadSignals, Subscribe, ReadDeliveries]),
            (Role::Staff, vec![SubmitNeeds, ReadNeeds, ReadSignals, Subscribe, ReadDeliveries, ManagePartnership]),
            (Role::Operator, vec![ReadSignals, ReadDeliveries, Operate]),
        ];
        assert_eq!(wanted.len(), Role::ALL.len());
        for (role, permissions) in wanted {
            assert_eq!(allowed(&BTreeSet::from([role])), BTreeSet::from_iter(permissions), "{role:?}");
        }
        assert!(allowed(&BTreeSet::new()).is_empty());
    }

    #[test]
    fn roles_add_up() {
        let both = allowed(&BTreeSet::from([Role::Champion, Role::Subscriber]));
        assert_eq!(both, allowed(&BTreeSet::from([Role::Subscriber])));
        assert!(!both.contains(&Permission::SubmitNeeds));
    }

    #[test]
    fn words_read_back() {
        for permission in Permission::ALL {
            assert_eq!(permission.as_str().parse(), Ok(permission));
        }
        assert!("all".parse::<Permission>().unwrap_err().contains("submit_needs"));
    }
}
