//! The ways a pickle can be wrong.

crate::defects! {
    UNKNOWN_OPCODE Invalid "pickle-unknown-opcode" "a byte that is no opcode of any protocol";
    STACK_UNDERFLOW Invalid "pickle-stack-underflow" "an opcode takes more from the stack than there is";
    MEMO_MISSING Invalid "pickle-memo-missing" "a memo slot is read before it is written";
    NUMERIC_TEXT Invalid "pickle-numeric-text" "a number is written so that unpicklers disagree on it";
    TEXT_ENCODING Invalid "pickle-text-encoding" "a text is encoded so that unpicklers disagree on it";
    STRING_QUOTES Invalid "pickle-string-quotes" "a STRING is not quoted the way the format asks";
    FRAME_STRADDLE Invalid "pickle-frame-straddle" "an opcode crosses the end of its frame";
    FRAME_NESTED Invalid "pickle-frame-nested" "a frame begins inside another frame";
    PROTO_POSITION Invalid "pickle-proto-position" "PROTO stands after the first opcode";
    NEGATIVE_LENGTH Invalid "pickle-negative-length" "a length is negative";
    OPERAND_TYPE Invalid "pickle-operand-type" "an opcode gets an operand of a kind it cannot take";
    TRAILING_DATA Invalid "pickle-trailing-data" "bytes after STOP that no container declares and that are no pickle";
    TRUNCATED Inconclusive "pickle-truncated" "the pickle ends before its STOP";
    UNSUPPORTED_PROTOCOL Inconclusive "pickle-unsupported-protocol" "a protocol that is not known here";
    LEGACY_LAYOUT Invalid "torch-legacy-layout" "a legacy torch stream is not five pickles and then its storages";
    STORAGE_MISSING Invalid "torch-storage-missing" "a tensor's storage has no member in the archive";
    STORAGE_SIZE Invalid "torch-storage-size" "a tensor reaches outside its storage, or the storage is not of its member's size";
    TAR_LAYOUT Inconclusive "torch-tar-layout" "a stream of a torch tar that does not follow its layout";
    ARRAY_LAYOUT Invalid "joblib-array-layout" "an array inside a joblib stream does not fit its own description";
    UNSUPPORTED_ARRAY Inconclusive "joblib-unsupported-array" "an array inside a joblib stream is of a kind not read yet";
}
