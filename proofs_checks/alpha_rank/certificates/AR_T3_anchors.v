(* alpha_rank/AR-T3: Fixation probabilities there and back. The probability rho_m(u) that one mutant with advantage
   u (selection strength times payoff gain) takes over a population of m, divided by that of the way back,
   rho_m(-u), is exp((m - 1) u); both sides are logarithms. Of every number of individuals and every advantage, as
   x = e^-u: the theorem. *)
From Coq Require Import Reals NArith ZArith List.
From Certificates Require Import Mutants AR_T3.
Import ListNotations.
Open Scope R_scope.

(* mutants:always-0 *)
Example anchor_1 :
  hypotheses (1 / 1) 2 (1 / 2) (1 / 2) /\
  lhs (1 / 1) 2 (1 / 2) (1 / 2) = (1) /\
  rhs (1 / 1) 2 (1 / 2) (1 / 2) = (1).
Proof. anchored. Qed.

(* mutants:always-1 *)
Example anchor_2 :
  hypotheses (39 / 106) 2 (106 / 145) (39 / 145) /\
  lhs (39 / 106) 2 (106 / 145) (39 / 145) = (106 / 39) /\
  rhs (39 / 106) 2 (106 / 145) (39 / 145) = (106 / 39).
Proof. anchored. Qed.

(* mutants:always-2 *)
Example anchor_3 :
  hypotheses (703 / 35) 3 (1225 / 520039) (494209 / 520039) /\
  lhs (703 / 35) 3 (1225 / 520039) (494209 / 520039) = (1225 / 494209) /\
  rhs (703 / 35) 3 (1225 / 520039) (494209 / 520039) = (1225 / 494209).
Proof. anchored. Qed.

(* mutants:always-4 *)
Example anchor_4 :
  hypotheses (235385266837020000 / 1) 5 (1 / 3069849640644243241007782294386842809079929732099139135035747237020001) (3069849640644243227965973510450517530855423912744384160000000000000000 / 3069849640644243241007782294386842809079929732099139135035747237020001) /\
  lhs (235385266837020000 / 1) 5 (1 / 3069849640644243241007782294386842809079929732099139135035747237020001) (3069849640644243227965973510450517530855423912744384160000000000000000 / 3069849640644243241007782294386842809079929732099139135035747237020001) = (1 / 3069849640644243227965973510450517530855423912744384160000000000000000) /\
  rhs (235385266837020000 / 1) 5 (1 / 3069849640644243241007782294386842809079929732099139135035747237020001) (3069849640644243227965973510450517530855423912744384160000000000000000 / 3069849640644243241007782294386842809079929732099139135035747237020001) = (1 / 3069849640644243227965973510450517530855423912744384160000000000000000).
Proof. anchored. Qed.

(* mutants:always-5 *)
Example anchor_5 :
  hypotheses (1 / 1) 8 (1 / 8) (1 / 8) /\
  lhs (1 / 1) 8 (1 / 8) (1 / 8) = (1) /\
  rhs (1 / 1) 8 (1 / 8) (1 / 8) = (1).
Proof. anchored. Qed.

(* mutants:always-6 *)
Example anchor_6 :
  hypotheses (39 / 106) 3 (11236 / 16891) (1521 / 16891) /\
  lhs (39 / 106) 3 (11236 / 16891) (1521 / 16891) = (11236 / 1521) /\
  rhs (39 / 106) 3 (11236 / 16891) (1521 / 16891) = (11236 / 1521).
Proof. anchored. Qed.
