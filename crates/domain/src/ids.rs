//! The identifiers of jobs, files and webhooks: random 128-bit values that tell nothing and cannot be guessed.
//! They are no permission: every request is checked against the requester as well.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text that is not an identifier of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier: a lower-case hyphenated UUID is expected")]
pub struct InvalidId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new random identifier (UUID version 4, RFC 9562).
            #[must_use]
            pub fn random() -> Self {
                Self(Uuid::new_v4())
            }

            /// Takes a UUID that a row holds.
            #[must_use]
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// Gives the UUID, for a row.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            /// Reads the one form that we write, so that an identifier has exactly one URL.
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let id = Uuid::try_parse(text).map_err(|_| InvalidId)?;
                if id.hyphenated().to_string() == text { Ok(Self(id)) } else { Err(InvalidId) }
            }
        }
    };
}

id!(
    /// Names a job: the row, the status URL, the hint.
    JobId
);
id!(
    /// Names a file of a job in its download URL.
    FileId
);
id!(
    /// Names a registered receiver of webhooks.
    WebhookId
);
id!(
    /// Names a delivery: the `webhook-id` that its receiver sees, the same at every attempt.
    DeliveryId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_that_we_write_is_read() {
        let id = JobId::random();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(
            id.to_string().to_uppercase().parse::<JobId>(),
            Err(InvalidId)
        );
        assert_eq!(
            id.uuid().simple().to_string().parse::<JobId>(),
            Err(InvalidId)
        );
        assert_eq!("1".parse::<JobId>(), Err(InvalidId));
    }
}
