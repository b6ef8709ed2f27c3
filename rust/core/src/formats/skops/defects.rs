//! What can be wrong with a schema.

crate::defects! {
    BAD_SCHEMA Invalid "skops-bad-schema" "a schema that is no JSON, or a node without what its loader reads";
    LOADER Invalid "skops-loader-mismatch" "a loader that skops has not, or not for this class";
    MISSING_FILE Invalid "skops-missing-file" "a node that reads a member which is not in the archive";
    REUSED_ID Invalid "skops-reused-id" "two nodes of one number that are not the same";
    PROTOCOL Inconclusive "skops-unsupported-protocol" "a schema of a protocol that is not read";
}
