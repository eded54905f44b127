(* matrix_compression/AB-5: A price per rank bounds what any ranks keep. Ranks within the budget b, whoever chose
   them, keep at most the energy lambda b + sum max(0, sigma^2 - lambda c), for every price lambda of at least 0;
   the sum runs over all singular values sigma, and a rank that keeps sigma costs c. The bound that is stated is
   the least of these, the value of the linear program. Of every number of values, all costs and every choice
   within the budget: the rule. *)
From Coq Require Import Reals NArith ZArith List.
From Certificates Require Import Budgets AB_5.
Import ListNotations.
Open Scope R_scope.

(* ranks-of-others:always-0 *)
Example anchor_1 :
  hypotheses [((4 / 1), (1 / 1))] (1 / 1) [true] (4 / 1) /\
  lhs [((4 / 1), (1 / 1))] (1 / 1) [true] (4 / 1) = (4) /\
  rhs [((4 / 1), (1 / 1))] (1 / 1) [true] (4 / 1) = (4).
Proof. anchored. Qed.

(* ranks-of-others:always-1 *)
Example anchor_2 :
  hypotheses [((4 / 1), (1 / 1))] (1 / 1) [false] (4 / 1) /\
  lhs [((4 / 1), (1 / 1))] (1 / 1) [false] (4 / 1) = (0) /\
  rhs [((4 / 1), (1 / 1))] (1 / 1) [false] (4 / 1) = (4).
Proof. anchored. Qed.

(* ranks-of-others:always-2 *)
Example anchor_3 :
  hypotheses [((25 / 1), (2 / 1)); ((36 / 1), (3 / 1)); ((9 / 1), (2 / 1)); ((4 / 1), (2 / 1)); ((1 / 1), (2 / 1))] (4 / 1) [true; false; false; false; true] (49 / 1) /\
  lhs [((25 / 1), (2 / 1)); ((36 / 1), (3 / 1)); ((9 / 1), (2 / 1)); ((4 / 1), (2 / 1)); ((1 / 1), (2 / 1))] (4 / 1) [true; false; false; false; true] (49 / 1) = (26) /\
  rhs [((25 / 1), (2 / 1)); ((36 / 1), (3 / 1)); ((9 / 1), (2 / 1)); ((4 / 1), (2 / 1)); ((1 / 1), (2 / 1))] (4 / 1) [true; false; false; false; true] (49 / 1) = (49).
Proof. anchored. Qed.

(* ranks-of-others:always-3 *)
Example anchor_4 :
  hypotheses [((25 / 1), (2 / 1)); ((36 / 1), (3 / 1)); ((9 / 1), (2 / 1)); ((4 / 1), (2 / 1)); ((1 / 1), (2 / 1))] (4 / 1) [false; true; false; false; false] (49 / 1) /\
  lhs [((25 / 1), (2 / 1)); ((36 / 1), (3 / 1)); ((9 / 1), (2 / 1)); ((4 / 1), (2 / 1)); ((1 / 1), (2 / 1))] (4 / 1) [false; true; false; false; false] (49 / 1) = (36) /\
  rhs [((25 / 1), (2 / 1)); ((36 / 1), (3 / 1)); ((9 / 1), (2 / 1)); ((4 / 1), (2 / 1)); ((1 / 1), (2 / 1))] (4 / 1) [false; true; false; false; false] (49 / 1) = (49).
Proof. anchored. Qed.

(* ranks-of-others:always-4 *)
Example anchor_5 :
  hypotheses [((9 / 1), (1 / 1)); ((4 / 1), (1 / 1)); ((4 / 1), (1 / 1)); ((1 / 1), (1 / 1))] (3 / 1) [true; true; false; true] (17 / 1) /\
  lhs [((9 / 1), (1 / 1)); ((4 / 1), (1 / 1)); ((4 / 1), (1 / 1)); ((1 / 1), (1 / 1))] (3 / 1) [true; true; false; true] (17 / 1) = (14) /\
  rhs [((9 / 1), (1 / 1)); ((4 / 1), (1 / 1)); ((4 / 1), (1 / 1)); ((1 / 1), (1 / 1))] (3 / 1) [true; true; false; true] (17 / 1) = (17).
Proof. anchored. Qed.

(* ranks-of-others:always-5 *)
Example anchor_6 :
  hypotheses [((25 / 1), (2 / 1)); ((36 / 1), (3 / 1)); ((9 / 1), (2 / 1)); ((4 / 1), (2 / 1)); ((1 / 1), (2 / 1))] (9 / 1) [true; true; true; false; true] (74 / 1) /\
  lhs [((25 / 1), (2 / 1)); ((36 / 1), (3 / 1)); ((9 / 1), (2 / 1)); ((4 / 1), (2 / 1)); ((1 / 1), (2 / 1))] (9 / 1) [true; true; true; false; true] (74 / 1) = (71) /\
  rhs [((25 / 1), (2 / 1)); ((36 / 1), (3 / 1)); ((9 / 1), (2 / 1)); ((4 / 1), (2 / 1)); ((1 / 1), (2 / 1))] (9 / 1) [true; true; true; false; true] (74 / 1) = (74).
Proof. anchored. Qed.

(* ranks-of-others:tight-0 *)
Example anchor_7 :
  hypotheses [((9 / 1), (1 / 1)); ((4 / 1), (1 / 1)); ((4 / 1), (1 / 1)); ((1 / 1), (1 / 1))] (3 / 1) [true; true; true; false] (17 / 1) /\
  lhs [((9 / 1), (1 / 1)); ((4 / 1), (1 / 1)); ((4 / 1), (1 / 1)); ((1 / 1), (1 / 1))] (3 / 1) [true; true; true; false] (17 / 1) = (17) /\
  rhs [((9 / 1), (1 / 1)); ((4 / 1), (1 / 1)); ((4 / 1), (1 / 1)); ((1 / 1), (1 / 1))] (3 / 1) [true; true; true; false] (17 / 1) = (17).
Proof. anchored. Qed.
