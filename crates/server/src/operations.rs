//! The operations of the documented contract as enums, generated from `openapi/` when the crate is built: [`Operation`] over
//! all, and one enum per tag. Whatever every operation must have is a `match` over them, so that a newly documented
//! operation does not compile until it has it. The module knows what is documented and nothing of how it is served.

include!(concat!(env!("OUT_DIR"), "/operations.rs"));

#[cfg(test)]
mod tests {
    use std::path::Path;

    use orgd_contract::Contract;

    use super::*;

    fn contract() -> Contract {
        Contract::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi")).expect("the contract loads")
    }

    #[test]
    fn are_those_of_the_contract() {
        let contract = contract();
        assert_eq!(Operation::COUNT, contract.operations().len());
        for spec in contract.operations() {
            let operation =
                *Operation::ALL.iter().find(|operation| operation.id() == spec.id).expect("every id has an operation");
            assert_eq!(operation.method(), spec.method);
            assert_eq!(operation.path(), spec.path);
            assert_eq!(operation.tag(), spec.tag);
            assert_eq!(operation.query_parameters(), spec.query_parameters);
            assert_eq!(operation.security(), spec.security);
            assert_eq!(operation.statuses(), spec.statuses);
            assert_eq!(operation.is_extension(), spec.is_extension);
        }
    }

    #[test]
    fn indexes_are_their_places() {
        for (index, operation) in Operation::ALL.iter().enumerate() {
            assert_eq!(operation.index(), index);
        }
    }

    #[test]
    fn a_tag_and_the_whole_agree() {
        for &inner in OrganizationsOperation::ALL {
            let operation = Operation::from(inner);
            assert_eq!(operation, Operation::Organizations(inner));
            assert_eq!((operation.id(), operation.index()), (inner.id(), inner.index()));
            assert_eq!(inner.tag(), "Organizations");
        }
    }

    #[test]
    fn facts_are_known_at_compile_time() {
        const OPERATION: Operation = Operation::Organizations(OrganizationsOperation::GetOrganizationById);
        const ID: &str = OPERATION.id();
        const PATH: &str = OPERATION.path();
        assert_eq!((ID, PATH), ("getOrganizationByID", "/organizations/{organization}"));
    }
}
