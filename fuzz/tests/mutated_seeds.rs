//! Every property on a fixed number of mutated seeds, on a stable toolchain.

use dryload_fuzz::{PROPERTIES, policy, seeds};
use dryload_gen::{Rng, mutate};

/// Mutants a property; a debug build runs them in a few seconds.
const MUTANTS: usize = 2_000;

#[test]
fn properties_hold_on_seeds_and_mutants() {
    let names = policy();
    let seeds = seeds();
    for property in PROPERTIES {
        let mut rng = Rng::new(0x0064_7279_6c6f_6164);
        for (name, seed) in &seeds {
            (property.check)(seed, name, &names);
        }
        for _ in 0..MUTANTS {
            let Some((name, seed)) = rng.pick(&seeds) else { continue };
            (property.check)(&mutate(seed, &mut rng), name, &names);
        }
    }
}
