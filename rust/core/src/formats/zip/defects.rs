//! The ways a zip archive can be wrong, or read as two archives.

crate::defects! {
    MISSING_END Inconclusive "zip-missing-end" "no end of central directory: the archive is cut or is none";
    PREFIX_DATA Invalid "zip-prefix-data" "bytes before the first member that the directory does not count";
    TRAILING_DATA Invalid "zip-trailing-data" "bytes after the end of central directory record";
    DIRECTORY_MISMATCH Invalid "zip-directory-mismatch" "the end record and the central directory disagree";
    BAD_ENTRY Invalid "zip-bad-entry" "a record of the archive that cannot be read";
    DUPLICATE_MEMBER Invalid "zip-duplicate-member" "two members with one name: readers take different ones";
    NAME_MISMATCH Invalid "zip-name-mismatch" "a member's local name differs from the directory's";
    HEADER_MISMATCH Invalid "zip-header-mismatch" "a member's local header differs from the directory's";
    ODD_FLAGS Invalid "zip-odd-flags" "general purpose flags that no model writer sets";
    MEMBER_GAP Invalid "zip-member-gap" "bytes between members that the directory does not name";
    MEMBER_OVERLAP Invalid "zip-member-overlap" "members that share bytes";
    BAD_CHECKSUM Invalid "zip-bad-checksum" "a member whose bytes do not have the checksum that its headers say";
    UNSAFE_NAME Invalid "zip-unsafe-name" "a member whose name leads out of the folder it is unpacked in";
    ODD_NAME Note "zip-odd-name" "a name that is empty, hides characters or is read differently elsewhere";
    ENCRYPTED_MEMBER Inconclusive "zip-encrypted-member" "a member marked as encrypted";
    UNSUPPORTED_METHOD Inconclusive "zip-unsupported-method" "a compression method that is not read here";
}
