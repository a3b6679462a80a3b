//! Persons across accounts and datasets: what is stored about somebody is found by a keyed hash of
//! their resident ID, whether or not they have an account.

use crate::error::IdentityError;
use crate::{Identity, Inner, keys};
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use yunlong_model::{InstallationName, PersonId};
use yunlong_store::txn::from_json;

impl Identity {
    /// The person of a resident ID: the keyed hash by which their account is found, if they have one.
    #[must_use]
    pub fn person_of_resident_id(&self, id: &str) -> PersonId {
        PersonId::new(self.inner.secrets.resident_id_tag(id))
    }

    /// The person behind an account: that of its resident ID, or the account itself when it has none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn person_of_account(&self, account: &str) -> Result<PersonId, IdentityError> {
        if let Some(person) = self.inner.persons.get(account) {
            return Ok(person);
        }
        let epoch = self.inner.persons.epoch();
        let person = match self.attributes_of(account).await?.resident_id {
            Some(id) => self.person_of_resident_id(id.as_str()),
            // Not kept: an account that is not yet there may come with a resident ID.
            None => return Ok(self.person_by_account(account)),
        };
        self.inner.persons.insert(epoch, account.to_owned(), person.clone());
        Ok(person)
    }

    /// Every person that an account stands for: that of its resident ID, and the account itself, under
    /// which things are stored that were written before the resident ID was known.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn persons_of_account(&self, account: &str) -> Result<Vec<PersonId>, IdentityError> {
        let (first, own) = (self.person_of_account(account).await?, self.person_by_account(account));
        Ok(if first == own { vec![own] } else { vec![first, own] })
    }

    /// The account of a person who has a resident ID and an account. A person that is known by an
    /// account alone is not led back.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn account_of_person(&self, person: &PersonId) -> Result<Option<String>, IdentityError> {
        let key = keys::resident_id(person.as_str());
        Ok(self.inner.store.get(&key).await?.map(|a| from_json(&key, &a.value)).transpose()?)
    }

    /// What an installation sees instead of a record's key: `r-` and the first 160 bits, in base32, of
    /// HMAC-SHA-256 over installation, dataset and key. Without the platform's key nobody can lead it
    /// back, nor compare the references of two installations.
    #[must_use]
    pub fn reference(&self, installation: &InstallationName, dataset: &str, key: &str) -> String {
        // The parts of a derivation hold no zero byte; a key with one is none that a record has.
        let key = key.replace('\0', "\u{FFFD}");
        let tag = self.inner.secrets.derive("dataset-reference", &[installation.as_str(), dataset, &key]);
        format!("r-{}", BASE32_NOPAD.encode(&tag[..20]).to_ascii_lowercase())
    }

    fn person_by_account(&self, account: &str) -> PersonId {
        self.inner.person_by_account(account)
    }
}

impl Inner {
    /// The account itself as a person.
    pub(crate) fn person_by_account(&self, account: &str) -> PersonId {
        PersonId::new(HEXLOWER.encode(&self.secrets.derive("person-of-account", &[account])))
    }
}
