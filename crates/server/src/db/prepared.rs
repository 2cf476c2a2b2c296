//! Statements that are kept prepared although Diesel would not keep them.
//!
//! Diesel keeps a statement only when it can tell that there are few different ones: no UPDATE, and nothing with a piece of SQL as text,
//! such as the condition of a partial index. Each of these is parsed and planned anew at each execution, which costs more than most of
//! them do. Whoever writes one knows that its text is always the same, and says so.

use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};

/// A statement that gives rows and whose text does not depend on its values. It is prepared once for each connection. Of no use
/// with `execute`, where Diesel looks through a reference and does not see what is said here; let the statement return something.
#[derive(Debug, Clone, Copy)]
pub struct Prepared<Q>(pub Q);

impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();
    // So it is looked up by its text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, C> RunQueryDsl<C> for Prepared<Q> {}

impl<Q: QueryFragment<B>, B: Backend> QueryFragment<B> for Prepared<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, B>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _: &B) -> QueryResult<bool> {
        Ok(true)
    }
}
