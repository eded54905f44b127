(* dual_mirror_descent/DMD-L8: Prices move by no more than the step. A projected Euclidean step of size eta moves
   the prices mu_t by at most eta times their gradient g_t, in l1. Of every number of resources, prices at or above
   zero, gradients and step sizes: the rule. *)
From Coq Require Import Reals NArith ZArith List.
From Certificates Require Import Prices DMD_L8.
Import ListNotations.
Open Scope R_scope.

(* eager-menus:always-0 *)
Example anchor_1 :
  hypotheses (1 / 2) [((0 / 1), (-1 / 2), (1 / 4))] /\
  lhs (1 / 2) [((0 / 1), (-1 / 2), (1 / 4))] = (1 / 4) /\
  rhs (1 / 2) [((0 / 1), (-1 / 2), (1 / 4))] = (1 / 4).
Proof. anchored. Qed.

(* eager-menus:always-1 *)
Example anchor_2 :
  hypotheses (1 / 2) [((0 / 1), (1 / 2), (0 / 1)); ((0 / 1), (1 / 4), (0 / 1))] /\
  lhs (1 / 2) [((0 / 1), (1 / 2), (0 / 1)); ((0 / 1), (1 / 4), (0 / 1))] = (0) /\
  rhs (1 / 2) [((0 / 1), (1 / 2), (0 / 1)); ((0 / 1), (1 / 4), (0 / 1))] = (3 / 8).
Proof. anchored. Qed.

(* eager-menus:always-2 *)
Example anchor_3 :
  hypotheses (1 / 16) [((3 / 32), (-1 / 2), (1 / 8))] /\
  lhs (1 / 16) [((3 / 32), (-1 / 2), (1 / 8))] = (1 / 32) /\
  rhs (1 / 16) [((3 / 32), (-1 / 2), (1 / 8))] = (1 / 32).
Proof. anchored. Qed.

(* eager-menus:always-3 *)
Example anchor_4 :
  hypotheses (1 / 2) [((3 / 2), (1 / 1), (1 / 1))] /\
  lhs (1 / 2) [((3 / 2), (1 / 1), (1 / 1))] = (1 / 2) /\
  rhs (1 / 2) [((3 / 2), (1 / 1), (1 / 1))] = (1 / 2).
Proof. anchored. Qed.

(* eager-menus:always-4 *)
Example anchor_5 :
  hypotheses (1 / 4) [((15 / 32), (-5 / 8), (5 / 8))] /\
  lhs (1 / 4) [((15 / 32), (-5 / 8), (5 / 8))] = (5 / 32) /\
  rhs (1 / 4) [((15 / 32), (-5 / 8), (5 / 8))] = (5 / 32).
Proof. anchored. Qed.

(* eager-menus:always-5 *)
Example anchor_6 :
  hypotheses (1 / 4) [((13 / 8), (1 / 2), (3 / 2))] /\
  lhs (1 / 4) [((13 / 8), (1 / 2), (3 / 2))] = (1 / 8) /\
  rhs (1 / 4) [((13 / 8), (1 / 2), (3 / 2))] = (1 / 8).
Proof. anchored. Qed.

(* eager-menus:always-6 *)
Example anchor_7 :
  hypotheses (1 / 2) [((7 / 8), (-1 / 4), (1 / 1)); ((0 / 1), (1 / 4), (0 / 1))] /\
  lhs (1 / 2) [((7 / 8), (-1 / 4), (1 / 1)); ((0 / 1), (1 / 4), (0 / 1))] = (1 / 8) /\
  rhs (1 / 2) [((7 / 8), (-1 / 4), (1 / 1)); ((0 / 1), (1 / 4), (0 / 1))] = (1 / 4).
Proof. anchored. Qed.

(* eager-menus:always-7 *)
Example anchor_8 :
  hypotheses (1 / 2) [((0 / 1), (0 / 1), (0 / 1))] /\
  lhs (1 / 2) [((0 / 1), (0 / 1), (0 / 1))] = (0) /\
  rhs (1 / 2) [((0 / 1), (0 / 1), (0 / 1))] = (0).
Proof. anchored. Qed.
