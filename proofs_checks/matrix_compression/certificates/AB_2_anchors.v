(* matrix_compression/AB-2: A greedy choice misses the best ranks by less than one value. Values are taken by their
   energy for a unit of cost, until the first one, sigma, that does not fit; these ranks keep the energy G. The
   best ranks keep at least G and at most G + theta sigma^2, where theta < 1 is what is left of the budget as a
   share of the cost of sigma. Of every number of values, all costs and every choice within the budget: the rule. *)
From Coq Require Import Reals NArith ZArith List.
From Certificates Require Import Budgets AB_2.
Import ListNotations.
Open Scope R_scope.

(* budgets-of-parameters:always-0 *)
Example anchor_1 :
  hypotheses [((4 / 1), (1 / 1))] (1 / 1) [true] (4 / 1) /\
  lhs [((4 / 1), (1 / 1))] (1 / 1) [true] (4 / 1) = (4) /\
  rhs [((4 / 1), (1 / 1))] (1 / 1) [true] (4 / 1) = (4).
Proof. anchored. Qed.

(* budgets-of-parameters:always-1 *)
Example anchor_2 :
  hypotheses [((4 / 1), (1 / 1))] (0 / 1) [false] (0 / 1) /\
  lhs [((4 / 1), (1 / 1))] (0 / 1) [false] (0 / 1) = (0) /\
  rhs [((4 / 1), (1 / 1))] (0 / 1) [false] (0 / 1) = (0).
Proof. anchored. Qed.

(* budgets-of-parameters:always-2 *)
Example anchor_3 :
  hypotheses [] (2 / 1) [] (0 / 1) /\
  lhs [] (2 / 1) [] (0 / 1) = (0) /\
  rhs [] (2 / 1) [] (0 / 1) = (0).
Proof. anchored. Qed.

(* budgets-of-parameters:always-3 *)
Example anchor_4 :
  hypotheses [((25 / 1), (2 / 1)); ((36 / 1), (3 / 1)); ((9 / 1), (2 / 1)); ((4 / 1), (2 / 1)); ((1 / 1), (2 / 1))] (4 / 1) [false; true; false; false; false] (25 / 1) /\
  lhs [((25 / 1), (2 / 1)); ((36 / 1), (3 / 1)); ((9 / 1), (2 / 1)); ((4 / 1), (2 / 1)); ((1 / 1), (2 / 1))] (4 / 1) [false; true; false; false; false] (25 / 1) = (36) /\
  rhs [((25 / 1), (2 / 1)); ((36 / 1), (3 / 1)); ((9 / 1), (2 / 1)); ((4 / 1), (2 / 1)); ((1 / 1), (2 / 1))] (4 / 1) [false; true; false; false; false] (25 / 1) = (49).
Proof. anchored. Qed.

(* budgets-of-parameters:always-4 *)
Example anchor_5 :
  hypotheses [((25 / 1), (2 / 1)); ((36 / 1), (3 / 1)); ((9 / 1), (2 / 1)); ((4 / 1), (2 / 1)); ((1 / 1), (2 / 1))] (5 / 1) [true; true; false; false; false] (61 / 1) /\
  lhs [((25 / 1), (2 / 1)); ((36 / 1), (3 / 1)); ((9 / 1), (2 / 1)); ((4 / 1), (2 / 1)); ((1 / 1), (2 / 1))] (5 / 1) [true; true; false; false; false] (61 / 1) = (61) /\
  rhs [((25 / 1), (2 / 1)); ((36 / 1), (3 / 1)); ((9 / 1), (2 / 1)); ((4 / 1), (2 / 1)); ((1 / 1), (2 / 1))] (5 / 1) [true; true; false; false; false] (61 / 1) = (61).
Proof. anchored. Qed.

(* budgets-of-parameters:always-5 *)
Example anchor_6 :
  hypotheses [((9 / 1), (3 / 1)); ((4 / 1), (2 / 1)); ((1 / 1), (2 / 1)); ((1 / 1), (2 / 1)); ((1 / 1), (2 / 1))] (4 / 1) [true; false; false; false; false] (9 / 1) /\
  lhs [((9 / 1), (3 / 1)); ((4 / 1), (2 / 1)); ((1 / 1), (2 / 1)); ((1 / 1), (2 / 1)); ((1 / 1), (2 / 1))] (4 / 1) [true; false; false; false; false] (9 / 1) = (9) /\
  rhs [((9 / 1), (3 / 1)); ((4 / 1), (2 / 1)); ((1 / 1), (2 / 1)); ((1 / 1), (2 / 1)); ((1 / 1), (2 / 1))] (4 / 1) [true; false; false; false; false] (9 / 1) = (11).
Proof. anchored. Qed.

(* budgets-of-parameters:always-6 *)
Example anchor_7 :
  hypotheses [((49 / 1), (6 / 1)); ((25 / 1), (4 / 1)); ((25 / 1), (4 / 1))] (8 / 1) [false; true; true] (49 / 1) /\
  lhs [((49 / 1), (6 / 1)); ((25 / 1), (4 / 1)); ((25 / 1), (4 / 1))] (8 / 1) [false; true; true] (49 / 1) = (50) /\
  rhs [((49 / 1), (6 / 1)); ((25 / 1), (4 / 1)); ((25 / 1), (4 / 1))] (8 / 1) [false; true; true] (49 / 1) = (123 / 2).
Proof. anchored. Qed.

(* budgets-of-parameters:tight-0 *)
Example anchor_8 :
  hypotheses [((4 / 1), (1 / 1)); ((4 / 1), (1 / 1))] (1 / 1) [true; false] (4 / 1) /\
  lhs [((4 / 1), (1 / 1)); ((4 / 1), (1 / 1))] (1 / 1) [true; false] (4 / 1) = (4) /\
  rhs [((4 / 1), (1 / 1)); ((4 / 1), (1 / 1))] (1 / 1) [true; false] (4 / 1) = (4).
Proof. anchored. Qed.
