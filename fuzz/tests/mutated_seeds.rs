//! Every property on a fixed number of mutated seeds, on a stable toolchain.

use dryload_fuzz::{PROPERTIES, generated, input, policy, seeds};
use dryload_gen::Rng;

/// Mutants a property; a debug build runs them in a few seconds.
const MUTANTS: usize = 2_000;

#[test]
fn properties_hold_on_seeds_and_mutants() {
    let names = policy();
    let seeds: Vec<_> = seeds().into_iter().chain(generated()).map(|(n, d)| (n.to_owned(), d)).collect();
    for property in PROPERTIES {
        let mut rng = Rng::new(0x0064_7279_6c6f_6164);
        for (name, seed) in &seeds {
            (property.check)(seed, name, &names);
        }
        for _ in 0..MUTANTS {
            let (name, data) = input(&seeds, &mut rng);
            (property.check)(&data, name, &names);
        }
    }
}
