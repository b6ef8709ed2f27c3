"""The rules over facts, in the order in which they are asked."""

from __future__ import annotations

from dryload.rules import (
    pickle_computed_call,
    pickle_computed_name,
    pickle_dangerous_call,
    pickle_dangerous_import,
    pickle_dunder_state,
    pickle_extension_code,
    pickle_external_buffer,
    pickle_foreign_write,
    pickle_persistent_load,
    pickle_planted_method,
    pickle_unexpected_argument,
    pickle_unexpected_state,
    pickle_unknown_name,
    torch_export_evaluated_text,
    torch_export_program,
    torch_export_unknown_name,
    torch_native_code,
    torchscript_dangerous_call,
    torchscript_program,
    torchscript_setstate,
    torchscript_unknown_name,
)
from dryload.rules.base import Rule

__all__ = ["RULES", "Rule"]

RULES: tuple[Rule, ...] = (
    pickle_dangerous_call.RULE,
    pickle_dangerous_import.RULE,
    pickle_computed_name.RULE,
    pickle_computed_call.RULE,
    pickle_extension_code.RULE,
    pickle_foreign_write.RULE,
    pickle_dunder_state.RULE,
    pickle_planted_method.RULE,
    pickle_unknown_name.RULE,
    pickle_unexpected_argument.RULE,
    pickle_unexpected_state.RULE,
    pickle_persistent_load.RULE,
    pickle_external_buffer.RULE,
    torchscript_program.RULE,
    torchscript_dangerous_call.RULE,
    torchscript_unknown_name.RULE,
    torchscript_setstate.RULE,
    torch_export_program.RULE,
    torch_native_code.RULE,
    torch_export_unknown_name.RULE,
    torch_export_evaluated_text.RULE,
)
