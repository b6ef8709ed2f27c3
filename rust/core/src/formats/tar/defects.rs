//! The ways a tar archive can be wrong, or read as two archives.

crate::defects! {
    BAD_HEADER Invalid "tar-bad-header" "a block where a header must stand is none: readers stop there, or skip it";
    HEADER_FIELD Invalid "tar-header-field" "a field of a header is written so that readers disagree on it";
    PAX_RECORD Invalid "tar-pax-record" "a pax record is not written as POSIX asks";
    PAX_SIZE Invalid "tar-pax-size" "a member has one size in its pax header and another in its own";
    STACKED_HEADERS Invalid "tar-stacked-headers" "a member gets a name or a size from two headers before it";
    FOLDER_DATA Invalid "tar-folder-data" "a member that holds no data has a size: readers skip it, or read it as headers";
    NAME_NUL Invalid "tar-name-nul" "a name goes on after a NUL: readers cut it there, or do not";
    DUPLICATE_MEMBER Invalid "tar-duplicate-member" "two members with one name: readers take different ones";
    OUTSIDE_NAME Invalid "tar-outside-name" "a member that is unpacked outside of its folder";
    OUTSIDE_LINK Invalid "tar-outside-link" "a link that leads outside of the folder it is unpacked in";
    BEHIND_LINK Invalid "tar-behind-link" "a member that is unpacked through a link of the archive";
    SPECIAL_MEMBER Invalid "tar-special-member" "a device or a pipe";
    TRAILING_DATA Invalid "tar-trailing-data" "bytes after the end of the archive that are not zero";
    TRUNCATED Inconclusive "tar-truncated" "the archive ends inside a member";
    MISSING_END Inconclusive "tar-missing-end" "no two zero blocks at the end: the archive may be cut";
    MISSING_TARGET Inconclusive "tar-missing-target" "a link to something that is not in the archive";
    UNSUPPORTED_MEMBER Inconclusive "tar-unsupported-member" "a member of a kind that is not read here";
    ODD_NAME Note "tar-odd-name" "a name that is empty, hides characters or is read differently elsewhere";
}
