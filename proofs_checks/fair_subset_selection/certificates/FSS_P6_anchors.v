(* fair_subset_selection/FSS-P6: Sums of the largest are concave. The sum top_t(s) of the t largest of some real
   scores s is at least t/t' times top_t'(s), the sum of the t' largest, for all t <= t'. Of every vector of real
   scores, of any length: the rule. *)
From Coq Require Import Reals NArith ZArith List.
From Certificates Require Import FSS_P6.
Import ListNotations.
Open Scope R_scope.

(* shares:always-1 *)
Example anchor_1 :
  hypotheses [(2 / 1); (2 / 1); (2 / 1)] 1 2 (2 / 1) /\
  lhs [(2 / 1); (2 / 1); (2 / 1)] 1 2 (2 / 1) = (2) /\
  rhs [(2 / 1); (2 / 1); (2 / 1)] 1 2 (2 / 1) = (2).
Proof. anchored. Qed.

(* shares:always-1 *)
Example anchor_2 :
  hypotheses [(2 / 1); (2 / 1); (2 / 1)] 1 3 (2 / 1) /\
  lhs [(2 / 1); (2 / 1); (2 / 1)] 1 3 (2 / 1) = (2) /\
  rhs [(2 / 1); (2 / 1); (2 / 1)] 1 3 (2 / 1) = (2).
Proof. anchored. Qed.

(* shares:always-1 *)
Example anchor_3 :
  hypotheses [(2 / 1); (2 / 1); (2 / 1)] 2 3 (4 / 1) /\
  lhs [(2 / 1); (2 / 1); (2 / 1)] 2 3 (4 / 1) = (4) /\
  rhs [(2 / 1); (2 / 1); (2 / 1)] 2 3 (4 / 1) = (4).
Proof. anchored. Qed.

(* shares:always-2 *)
Example anchor_4 :
  hypotheses [(4 / 1); (0 / 1); (0 / 1)] 1 2 (4 / 1) /\
  lhs [(4 / 1); (0 / 1); (0 / 1)] 1 2 (4 / 1) = (2) /\
  rhs [(4 / 1); (0 / 1); (0 / 1)] 1 2 (4 / 1) = (4).
Proof. anchored. Qed.

(* shares:always-2 *)
Example anchor_5 :
  hypotheses [(4 / 1); (0 / 1); (0 / 1)] 1 3 (4 / 1) /\
  lhs [(4 / 1); (0 / 1); (0 / 1)] 1 3 (4 / 1) = (4 / 3) /\
  rhs [(4 / 1); (0 / 1); (0 / 1)] 1 3 (4 / 1) = (4).
Proof. anchored. Qed.

(* shares:always-2 *)
Example anchor_6 :
  hypotheses [(4 / 1); (0 / 1); (0 / 1)] 2 3 (4 / 1) /\
  lhs [(4 / 1); (0 / 1); (0 / 1)] 2 3 (4 / 1) = (8 / 3) /\
  rhs [(4 / 1); (0 / 1); (0 / 1)] 2 3 (4 / 1) = (4).
Proof. anchored. Qed.

(* shares:always-3 *)
Example anchor_7 :
  hypotheses [(-1 / 1); (-3 / 1)] 1 2 (-1 / 1) /\
  lhs [(-1 / 1); (-3 / 1)] 1 2 (-1 / 1) = (-2) /\
  rhs [(-1 / 1); (-3 / 1)] 1 2 (-1 / 1) = (-1).
Proof. anchored. Qed.
