//! Texts that a loader evaluates, and whether they are more than arithmetic.
//!
//! An attribute, an item, or a name that is not listed may reach anything from
//! inside an eval; they are not followed, but refused.

/// Whether a text is arithmetic over symbols, as sympy's `srepr` and `str` write
/// it: names of dimensions, numbers, functions of sympy, signs.
pub(super) fn is_arithmetic(text: &str) -> bool {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        if c == '\'' {
            // The name of a symbol, or the digits of a number.
            let Some((quoted, after)) = rest.get(1..).and_then(|r| r.split_once('\'')) else { return false };
            if !quoted.chars().all(is_word) && !is_number(quoted.trim_start_matches('-')) {
                return false;
            }
            rest = after;
        } else if end == 0 {
            if !" ()+-*/%,<>=&|~!".contains(c) {
                return false;
            }
            rest = rest.get(1..).unwrap_or("");
        } else if c.is_ascii_digit() {
            let end = rest.find(|c| !is_word(c) && c != '.').unwrap_or(rest.len());
            let (number, after) = rest.split_at(end);
            if !is_number(number) {
                return false;
            }
            rest = after;
        } else {
            let (name, after) = rest.split_at(end);
            if !is_symbol(name) && NAMES.binary_search(&name).is_err() {
                return false;
            }
            rest = after;
        }
    }
    true
}

/// Whether a guard is arithmetic over sizes and strides of the inputs:
/// `L['x'].size()[0] >= 3`.
pub(super) fn is_guard(text: &str) -> bool {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("L[") {
        let (before, input) = rest.split_at(at);
        let Some(after) = input.strip_prefix('L').and_then(measure) else { return false };
        if before.ends_with(is_word) || before.ends_with('.') {
            return false;
        }
        plain.push_str(before);
        plain.push_str("s0");
        if after.starts_with(is_word) {
            return false;
        }
        rest = after;
    }
    plain.push_str(rest);
    is_arithmetic(&plain)
}

/// What follows `['x'][0].size()[1]`: keys and indices, then a measure.
fn measure(mut rest: &str) -> Option<&str> {
    while let Some(inner) = rest.strip_prefix('[') {
        let (key, after) = inner.split_once(']')?;
        let key = key.strip_prefix('\'').map_or(Some(key), |k| k.strip_suffix('\''))?;
        if !key.chars().all(is_word) {
            return None;
        }
        rest = after;
    }
    for call in [".size()", ".stride()"] {
        if let Some(after) = rest.strip_prefix(call) {
            let (index, after) = after.strip_prefix('[')?.split_once(']')?;
            return index.bytes().all(|b| b.is_ascii_digit()).then_some(after);
        }
    }
    Some(rest.strip_prefix(".storage_offset()").unwrap_or(rest))
}

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Digits, and a fraction; an exponent is none that torch writes.
fn is_number(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    !whole.is_empty() && digits(whole) && digits(fraction)
}

/// `s0`, `u12`, `zuf3`: letters of a kind of symbol, and a number.
fn is_symbol(name: &str) -> bool {
    let number = name.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let kind = name.len().saturating_sub(number.len());
    (1..=4).contains(&kind) && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}

/// What an expression may name: `sympy_functions` of torch 2.15's
/// `ExportedProgramDeserializer`, and sympy's own classes and assumptions as its
/// `srepr` writes them. In order, for the binary search.
const NAMES: &[&str] = &[
    "Abs",
    "Add",
    "And",
    "BitwiseFn_bitwise_and",
    "BitwiseFn_bitwise_or",
    "CeilDiv",
    "CeilToInt",
    "CleanDiv",
    "Eq",
    "Equality",
    "False",
    "Float",
    "FloatPow",
    "FloatTrueDiv",
    "FloorDiv",
    "FloorToInt",
    "Ge",
    "GreaterThan",
    "Gt",
    "IntTrueDiv",
    "Integer",
    "IsNonOverlappingAndDenseIndicator",
    "LShift",
    "Le",
    "LessThan",
    "Lt",
    "Max",
    "Min",
    "Mod",
    "ModularIndexing",
    "Mul",
    "Ne",
    "Not",
    "OpaqueUnaryFn_sqrt",
    "Or",
    "Pow",
    "PowByNatural",
    "PythonMod",
    "RShift",
    "Rational",
    "RoundDecimal",
    "RoundToInt",
    "StrictGreaterThan",
    "StrictLessThan",
    "Symbol",
    "ToFloat",
    "True",
    "TruncToFloat",
    "TruncToInt",
    "Unequality",
    "Where",
    "and",
    "ceiling",
    "commutative",
    "evaluate",
    "extended_real",
    "false",
    "finite",
    "floor",
    "int_oo",
    "integer",
    "negative",
    "nonnegative",
    "nonzero",
    "not",
    "oo",
    "or",
    "positive",
    "precision",
    "real",
    "true",
    "zero",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_is_what_torch_writes() {
        for text in [
            "Mod(s0 + 2*u1, 8)",
            "Mul(Integer(2), Max(Integer(1), Add(Symbol('s16', positive=True, integer=True), Integer(-2))))",
            "StrictLessThan(Symbol('u0', integer=True), Integer(9))",
            "Float('-1.5', precision=53)",
            "",
        ] {
            assert!(is_arithmetic(text), "{text}");
        }
        for text in ["L['input'].size()[2] >= 3", "(((-4) + 2*L['a'][0].stride()[2]) % L['n']) != 0"] {
            assert!(is_guard(text), "{text}");
        }
    }

    #[test]
    fn what_reaches_further_is_not() {
        for text in [
            "s0.__class__",
            "1.real",
            "1.0.real",
            "'a.b'",
            "'a",
            "\"a\"",
            "s0[0]",
            "sympify(s0)",
            "__import__('os')",
            "lambda: s0",
            "x",
            "s0; s1",
            "\u{e9}",
            "1e5",
        ] {
            assert!(!is_arithmetic(text) && !is_guard(text), "{text}");
        }
        for text in
            ["L['x'].__class__", "xL['a']", "s0.L['a']", "L['a']x", "L['x'].size()", "L[f()]", "L['x'].size()[a]"]
        {
            assert!(!is_guard(text), "{text}");
        }
    }

    #[test]
    fn the_names_stand_in_order() {
        assert!(NAMES.is_sorted());
    }
}
