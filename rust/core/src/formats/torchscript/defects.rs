//! What can be wrong with TorchScript code.

crate::defects! {
    BAD_CODE Invalid "torchscript-bad-code" "TorchScript code of a form that torch does not write";
    BAD_LAYOUT Invalid "torch-export-bad-json" "a member of a torch.export archive that is no JSON";
}
